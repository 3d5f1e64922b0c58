"""What a grievance is about: sentences as residents type them, and what must hold for anything that they type."""

from collections import Counter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from handlers.hearing.categories import (
    FILE,
    MOST,
    OTHER,
    WEIGHTS,
    Word,
    WordFinder,
    categories,
    compile_lexicon,
    deadline_class,
    flat,
    is_private,
    listed,
)
from handlers.hearing.normalise import normalise
from storage.tables import DeadlineClass, Role


def guess(text: str) -> list[str]:
    return [found.name for found in categories(normalise(text))]


def cases(table: str) -> list[tuple[str, str]]:
    """Lines of `words = answer`."""
    pairs = (line.split(" = ") for line in table.strip().splitlines())
    return [(said.strip(), answer.strip()) for said, answer in pairs]


FIRST = """
3号楼停水两天了 = water
家里水特别小,洗不了澡 = water
自来水发黄不敢喝 = water
卫生间下水道返味 = water
化粪池满了往外冒,臭得没法走 = water
厨房下水堵了 = water
楼上漏水把我家天花板泡了 = water
马桶堵了,水往上返 = water
水表走得太快了 = water
水管爆了,水哗哗地流 = water
顶楼水压不够 = water
单元门口污水横流 = water
暖气费怎么退 = heating
我家没电了 = power
2单元又停电了 = power
一开空调就跳闸 = power
电表箱冒火花 = power
电线杆歪了要倒 = power
电压不稳,灯泡老烧 = power
楼门口的电线耷拉下来了 = power
变压器嗡嗡响了一夜 = power
几点来电啊 = power
楼道里有煤气味 = gas
停气一天了,做不了饭 = gas
天然气什么时候能通 = gas
煤气灶打不着火 = gas
换煤气罐没人送 = gas
燃气表没电了怎么办 = gas
暖气不热 = heating
家里只有十五度,冻得睡不着 = heating
暖气片漏水 = heating
今年什么时候供暖 = heating
地暖一点都不热 = heating
暖气管子裂了往外喷水 = heating
电梯又坏了 = lift
电梯停了三天,老人下不了楼 = lift
电梯按钮不灵 = lift
电梯晃得吓人 = lift
有人困在电梯里了 = lift
我们楼想加装电梯 = lift
电梯门关不上 = lift
电梯老是在4楼卡住 = lift
电梯里灯一闪一闪 = lift
电梯停在4楼不动了 = lift
电梯里面的灯一闪一闪的,吓人 = lift
楼道里灯一闪一闪 = power
楼道灯不亮 = lighting
声控灯不亮,黑咕隆咚的 = lighting
3号楼2单元楼道灯坏了半个月 = lighting
路灯坏了一排 = lighting
小区门口路灯不亮,晚上看不见路 = lighting
楼梯间没有灯,摸黑上楼 = lighting
感应灯白天亮晚上不亮 = lighting
灯泡憋了,没人换 = lighting
停车场的灯全瞎了 = lighting
垃圾桶满了没人收 = rubbish
楼下垃圾堆成山了 = rubbish
装修垃圾堆在楼下一个月 = rubbish
楼道里没人打扫,脏死了 = rubbish
垃圾站臭气熏天 = rubbish
楼道老鼠乱窜 = rubbish
饭店油烟往我家飘 = rubbish
有人在墙角撒尿 = rubbish
墙上贴满小广告 = rubbish
蚊子苍蝇太多了能不能消杀 = rubbish
广场舞太吵了 = noise
楼上半夜拖桌子 = noise
楼上天天跺脚,睡不着觉 = noise
隔壁装修中午也不停 = noise
工地夜间施工,吵得孩子没法睡 = noise
楼下棋牌室打麻将到半夜 = noise
KTV唱歌到两点 = noise
楼上小孩蹦蹦跳跳 = noise
收废品的大喇叭天天喊 = noise
小区门口乱停车,出都出不去 = parking
车位被外来车占了 = parking
有人装地锁占车位 = parking
停车费凭什么涨价 = parking
僵尸车停了两年没人管 = parking
没地方停车 = parking
道闸坏了抬不起来 = parking
车堵着门口开不出去 = parking
能不能装个充电桩 = parking
占消防通道停车 = fire_lanes
消防通道被堵死了 = fire_lanes
电动车上楼充电 = fire_lanes
有人飞线充电 = fire_lanes
楼道里堆满杂物 = fire_lanes
楼道放了好多纸箱子和旧鞋柜 = fire_lanes
灭火器过期了 = fire_lanes
消防栓没水 = fire_lanes
有人把电瓶拿回家充电 = fire_lanes
电动车推进电梯 = fire_lanes
过道里停满电动车 = fire_lanes
楼顶有人搭彩钢房 = illegal_building
一楼私搭乱建 = illegal_building
邻居把院子围起来搭了个棚子 = illegal_building
楼上砸承重墙 = illegal_building
顶楼盖阳光房 = illegal_building
占用公共面积盖小房 = illegal_building
有违建没人管 = illegal_building
物业费太贵,什么都不管 = property_management
物业不作为 = property_management
要求换物业 = property_management
单元门坏了关不上 = property_management
门禁刷不开 = property_management
对讲没声音 = property_management
顶楼漏雨 = property_management
楼顶漏水三年了没人修 = property_management
外墙皮往下掉 = property_management
维修基金怎么用 = property_management
业委会啥时候选 = property_management
健身器材坏了 = property_management
楼梯扶手松了 = property_management
空调滴水滴到我家窗台 = property_management
有人遛狗不拴绳 = pets
满地狗屎 = pets
流浪狗追孩子 = pets
被狗咬了 = pets
楼上养鸡,天天打鸣 = pets
邻居家的狗叫一整夜 = pets
流浪猫太多了 = pets
有人养鸽子,鸽粪到处都是 = pets
高空抛物差点砸到人 = security
楼上往下扔烟头 = security
电动车电瓶被偷了 = security
小区进小偷了 = security
监控坏了 = security
有骗子上门骗老人买保健品 = security
陌生人随便进小区 = security
有人喝醉酒闹事 = security
路面坑坑洼洼 = roads
门口路上有个大坑 = roads
井盖坏了 = roads
井盖没了太危险 = roads
下雨路上全是积水 = roads
路滑结冰没人扫雪 = roads
轮椅上不去,能不能修个坡道 = roads
红绿灯不亮 = roads
公交站牌倒了 = roads
门口摆摊的占道经营 = roads
树枝挡住我家窗户了 = greening
大树要倒了 = greening
草长得比人高 = greening
有人毁绿种菜 = greening
绿化带没人管 = greening
杨絮到处飞 = greening
树上毛毛虫掉一身 = greening
孩子上学划片划到哪里 = education
学区怎么分 = education
幼儿园报不上名 = education
校门口放学太堵 = education
有没有课后托管班 = education
补习班跑路不退学费 = education
助学金怎么申请 = education
社区医院开不到药 = medical
卫生站几点打疫苗 = medical
家庭医生从来没来过 = medical
老人看病不方便 = medical
能不能组织体检 = medical
医保卡丢了怎么补 = social_security
养老金认证怎么弄 = social_security
社保断了怎么补缴 = social_security
低保怎么申请 = social_security
高龄补贴没到账 = social_security
残疾证到哪里办 = social_security
老年食堂啥时候开 = social_security
我退休手续卡住了 = social_security
公租房怎么申请 = social_security
老板拖欠工资 = labour
工地干完活不给工钱 = labour
想找个工作 = labour
工伤没人赔 = labour
公司辞退不给补偿 = labour
失业金怎么领 = labour
不给交社保 = labour
跟邻居吵架了想请社区评评理 = mediation
老公打我 = mediation
兄弟争房产闹起来了 = mediation
儿子不管老人赡养费 = mediation
借钱不还找谁 = mediation
想离婚 = mediation
婆媳天天闹 = mediation
快递柜坏了 = other
宽带老掉线 = other
户口怎么迁 = other
我要说个事 = other
在吗 = other
买点水果 = other
我们这栋楼早上起来一滴水都没有 = water
厨房水槽下不去水 = water
卫生间的水下得特别慢 = water
楼下窨井往外溢,一股大粪味 = water
水管子滋水了 = water
今天水龙头里流出来的都是泥汤 = water
整个单元黑了,是不是停电 = power
家里的闸合不上 = power
烧坏了我家冰箱,电压忽高忽低 = power
楼道里电线裸露着像蜘蛛网 = power
灶台的火特别小 = gas
天然气卡怎么充 = gas
家里冷得像冰窖,交了钱也不热 = heating
供暖管道跑冒滴漏 = heating
梯子停在5楼下不来,天天爬楼 = lift
电梯一到3楼就哐当响 = lift
电梯广告声音太大 = lift
晚上回来楼梯上黑得伸手不见五指 = lighting
院子里一个灯都没有 = lighting
2号楼门口那盏灯坏了 = lighting
楼前卫生太差 = rubbish
厕所味儿飘到楼道 = rubbish
收垃圾的几天不来一次 = rubbish
早上五点就有人放音乐跳操 = noise
楼上半夜洗澡走路声音特别大 = noise
空调外机响得睡不着 = noise
邻居家装修没完没了 = noise
我家车位被人占了 = parking
门口两边都是车,救护车都进不来 = parking
面包车在院里扔了三年 = parking
楼梯间都是破烂,着火了跑都跑不出去 = fire_lanes
三楼把鞋柜放门外挡道 = fire_lanes
有人从窗户接线下来给电车充电 = fire_lanes
防火门坏了 = fire_lanes
5号楼一楼把窗户改成门开商店 = illegal_building
楼顶上有人盖房子 = illegal_building
有人在公共走廊砌墙圈成自己的 = illegal_building
物业收钱不办事 = property_management
大门密码锁坏了 = property_management
单元门上的玻璃碎了 = property_management
墙上裂了大口子 = property_management
阳台外面掉墙皮 = property_management
雨棚破了 = property_management
养大狗的不牵绳子吓着孩子 = pets
楼道里有狗拉的屎 = pets
楼下有人养鸡臭死了 = pets
有人半夜撬门 = security
楼上老往下扔东西 = security
最近老有生人在楼里转悠 = security
接到诈骗电话 = security
小区大门口的路烂得不成样子 = roads
下水井盖松了,车一过咣当响 = roads
没有残疾人坡道 = roads
门前一下雨就成河 = roads
树长得太高把光都挡了 = greening
花坛里的花都死了 = greening
草坪被踩秃了 = greening
孩子户口不在这能上实验小学吗 = education
暑假孩子没人看有没有地方 = education
幼儿园乱收费 = education
社区卫生站周末没人 = medical
我爸出不了门,医生能上门量血压吗 = medical
医保交费交不上 = social_security
80岁老人补贴怎么领 = social_security
我妈的养老金这个月没发 = social_security
残疾人证过期了 = social_security
老人没人做饭有没有送餐的 = social_security
干了三个月活,老板不给钱 = labour
在家门口有没有活干 = labour
单位把我辞了 = labour
楼下邻居骂我 = mediation
他欠我两万块钱不还 = mediation
兄弟几个都不管老妈 = mediation
老婆要跟我离婚怎么办 = mediation
网太慢了 = other
快递老是丢 = other
想开个居住证明 = other
房顶漏得厉害,外面大雨屋里小雨 = property_management
楼上的水渗到我家厨房 = water
卫生间往楼下渗水 = water
楼下饭店抽风机整天响 = noise
有人在楼道抽烟 = rubbish
保安天天睡觉 = security
电动车没地方停 = parking
电动车没地方充电 = fire_lanes
"""

AMONG = """
电梯口的灯不亮 = lift
电梯坏了物业不管 = property_management
停车场的路坑坑洼洼 = parking
楼上漏水邻居不赔 = mediation
楼上漏水邻居不赔,还骂人 = water
电动车停在楼道,出门都费劲 = parking
楼道堆垃圾,占了消防通道 = rubbish
下水道臭,垃圾也没人收 = rubbish
狗半夜叫,吵得睡不着 = noise
树根把路面拱坏了 = roads
树挡住了路灯 = lighting
井盖往外冒污水 = roads
路上积水,下水道堵了 = water
物业费涨了,保安也不管外人随便进 = security
单元门锁坏了,外人随便进,丢东西 = security
装修砸墙,灰尘满楼道 = illegal_building
楼顶漏水,物业不修 = water
占用绿化带停车 = greening
绿化带被改成停车位 = parking
绿地种菜浇大粪臭死了 = rubbish
校门口乱停车 = parking
校门口没有红绿灯 = roads
工地扬尘大,晚上还施工 = rubbish
暖气管漏水漏到楼下了 = water
门口烧烤摊油烟大还吵 = noise
异地就医怎么报销 = medical
残疾人想找工作 = labour
没给交社保,公司还拖欠工资 = social_security
养狗的不拴绳,跟人吵架 = mediation
飞线充电,电线耷拉着 = power
电表箱老化,物业推给供电局 = property_management
路灯不亮,路上有坑,摔了人 = roads
消防车进不来,车乱停 = parking
有人往窗外倒剩饭 = rubbish
楼上装空调外机,嗡嗡响,还滴水 = property_management
"""

DEADLINES = """
有人困在电梯里了 = life
电梯里关着一个人 = life
楼道里有煤气味 = life
煤气泄漏了 = life
电线掉下来了 = life
电线杆要倒了 = life
墙要塌了 = life
楼道着火了 = life
地下室冒烟 = life
井盖没了 = life
外墙瓷砖往下掉 = life
大树要倒了 = life
高空抛物砸到人了 = life
老公打我 = life
电线裸露漏电 = life
停水了 = utility
没电了 = utility
停气两天 = utility
暖气不热 = utility
欠水费停水了 = utility
下水道堵了 = utility
暖气片漏水 = utility
水费太贵 = ordinary
电费怎么交 = ordinary
暖气费退费 = ordinary
煤气费发票 = ordinary
楼道灯不亮 = ordinary
垃圾没人收 = ordinary
电梯坏了 = ordinary
飞线充电容易着火 = ordinary
轮胎漏气没人管,占着车位 = ordinary
墙皮掉了 = ordinary
燃气灶打不着火 = utility
加装电梯 = hard
楼顶有违建 = hard
房产证办不下来 = hard
老旧小区改造什么时候轮到我们 = hard
要求换物业 = hard
什么时候开通天然气 = hard
"""

PRIVATE = """
老公打我 = yes
想离婚 = yes
借钱不还找谁 = yes
跟邻居吵架了 = yes
楼上精神病天天吵 = yes
我妈瘫痪在床没人照顾 = yes
糖尿病买不到药 = yes
社区医院不给开糖尿病的药 = yes
看病太难 = yes
我得了大病想申请救助 = yes
社区医院几点开门 = no
卫生站打疫苗排不上队 = no
能不能组织体检 = no
楼道灯不亮 = no
空调有毛病 = no
残疾人坡道被占了 = no
医保卡丢了 = no
老板拖欠工资 = no
"""


@pytest.mark.parametrize(("said", "category"), cases(FIRST))
def test_first_guess(said: str, category: str) -> None:
    assert guess(said)[0] == category, categories(normalise(said))


@pytest.mark.parametrize(("said", "category"), cases(AMONG))
def test_among_the_guesses(said: str, category: str) -> None:
    assert category in guess(said), categories(normalise(said))


@pytest.mark.parametrize(("said", "deadline"), cases(DEADLINES))
def test_deadline(said: str, deadline: str) -> None:
    assert deadline_class(normalise(said), guess(said)[0]) == deadline


@pytest.mark.parametrize(("said", "answer"), cases(PRIVATE))
def test_private(said: str, answer: str) -> None:
    assert is_private(normalise(said), guess(said)[0]) == (answer == "yes")


@pytest.mark.parametrize("category", listed())
def test_life_goes_before_every_category(category: str) -> None:
    assert deadline_class("煤气泄漏", category) == "life"


def test_a_category_that_does_not_exist_is_other() -> None:
    assert deadline_class("", "bees") == "ordinary"
    assert not is_private("", "bees")


def test_deadlines_and_handlers_are_those_of_the_program() -> None:
    for category in listed().values():
        assert category.deadline in set(DeadlineClass)
        assert category.handler is None or category.handler in set(Role)
        assert category.title


def test_titles_differ() -> None:
    assert len({category.title for category in listed().values()}) == len(listed())


def test_the_lexicon_is_large_and_says_nothing_twice() -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))["categories"]
    for name, lists in data.items():
        words = [word for kind in WEIGHTS for word in flat(lists.get(kind))]
        assert [word for word, times in Counter(words).items() if times > 1] == [], name
        assert len(words) >= 20, name


# --- for anything that is typed -----------------------------------------------------------------------------------

SAID = st.sampled_from([said for said, _ in cases(FIRST) + cases(AMONG)])


def holds(text: str) -> None:
    guesses = categories(text)
    names = [found.name for found in guesses]
    assert 1 <= len(guesses) <= MOST
    assert len(set(names)) == len(names)
    assert set(names) <= set(listed())
    assert len(names) == MOST or OTHER in names
    assert [found.score for found in guesses] == sorted((found.score for found in guesses), reverse=True)
    for name in names:
        deadline_class(text, name)
        is_private(text, name)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    holds(text)
    holds(normalise(text))


@given(st.lists(SAID, max_size=60).map("".join))
def test_any_heap_of_grievances(text: str) -> None:
    holds(text)


@pytest.mark.parametrize("text", ["", "灯" * 10_000, "电梯坏" * 4_000, "楼道" * 5_000, "…", "<坏>", "\x00\ud800"])
def test_strange_texts(text: str) -> None:
    holds(text)


@given(
    SAID,
    st.sampled_from(["", "@小善 ", "你好,", "麻烦问一下,", "反映一下,", "您好,我想说个事,"]),
    st.sampled_from(["", "!!", ",谢谢", ",麻烦了", ",辛苦你们了", "🙏"]),
)
def test_politeness_changes_nothing(said: str, before: str, after: str) -> None:
    assert categories(normalise(before + said + after)) == categories(normalise(said))


@given(SAID)
def test_script_and_spaces_change_nothing(said: str) -> None:
    assert categories(normalise(OpenCC("s2t").convert(said))) == categories(normalise(said))
    assert categories(normalise("　".join(said))) == categories(normalise(said))


# --- words --------------------------------------------------------------------------------------------------------


def found_in(text: str, *words: str, **lists: list[str]) -> list[str]:
    every = [Word(word.removeprefix("!"), "a", 0 if word.startswith("!") else 1) for word in words]
    return [hit.word.text for hit in WordFinder(every, lists).find(text)]


def test_a_gap_stays_within_a_sentence_and_is_short() -> None:
    assert found_in("灯又不亮", "灯…不亮") == ["灯…不亮"]
    assert found_in("灯不亮", "灯…不亮") == ["灯…不亮"]
    assert found_in("不亮的灯", "灯…不亮") == []
    assert found_in("有灯。天不亮", "灯…不亮") == []
    assert found_in("灯" + "啊" * 9 + "不亮", "灯…不亮") == []


def test_a_list_stands_for_each_of_its_words() -> None:
    assert found_in("电梯又失灵", "电梯…<坏>", 坏=["坏", "失灵"]) == ["电梯…<坏>"]


def test_a_look_alike_takes_away_what_it_touches_but_nothing_longer() -> None:
    assert found_in("买水果", "水", "!水果") == []
    assert found_in("买水果,没水", "水", "!水果") == ["水"]
    assert found_in("水果摊", "水果摊", "!水果") == ["水果摊"]
    assert found_in("手机走丢了", "走丢", "!手机…丢") == []
    assert found_in("手机关机,人走丢了", "走丢", "!手机…丢") == ["走丢"]


def test_mistakes_in_the_file_are_said() -> None:
    tail = "deadlines: {}\nprivate: {}"
    good = "other: {title: 其他, deadline: ordinary}"
    assert list(compile_lexicon(f"categories: {{{good}}}\n{tail}").categories) == ["other"]
    for wrong, message in [
        ("water: {title: 水, deadline: ordinary}", "other"),
        (f"{good}, water: {{title: 水, deadline: tomorrow}}", "deadline"),
        (f"{good}, water: {{title: 水, deadline: ordinary, strnog: [水]}}", "strnog"),
        (f'{good}, water: {{title: 水, deadline: ordinary, strong: ["水…<坏>"]}}', "坏"),
        (f"{good}, water: {{title: 水, deadline: ordinary, strong: [水…]}}", "水"),
    ]:
        with pytest.raises(ValueError, match=message):
            compile_lexicon(f"categories: {{{wrong}}}\n{tail}")
