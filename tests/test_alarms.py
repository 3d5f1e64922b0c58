"""Cries for help, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from handlers.hearing.alarms import Alarm, compile_lexicon, hear_alarm
from handlers.hearing.normalise import normalise


def hear(text: str) -> Alarm | None:
    return hear_alarm(normalise(text))


def cases(table: str) -> list[tuple[str, str]]:
    """Lines of `words = answer`."""
    pairs = (line.split(" = ") for line in table.strip().splitlines())
    return [(said.strip(), answer.strip()) for said, answer in pairs]


CERTAIN = """
救命 = help
救命啊!!! = help
救命救命救命 = help
快来人啊 = help
来人啊救命啊 3号楼 = help
救命,我在5号楼2单元 = help
我家老头子摔倒了起不来 = fall
摔倒了起不来 = fall
老人摔倒了,腿动不了 = fall
我妈在厕所滑倒了 = fall
摔倒了 = fall
我起不来了 = fall
有个老太太倒在地上了 = fall
2单元门口有人摔倒了流了好多血 = fall
奶奶从床上摔下来了 = fall
有人从楼上摔下来了 = fall
着火了 = fire
着火啦!! = fire
3号楼着火了 = fire
3號樓著火了 = fire
我家厨房起火了快来人 = fire
二单元楼上冒黑烟 = fire
地下室冒烟了 = fire
电表箱冒火花了 = fire
对面楼失火了快打119 = fire
楼下电动车烧起来了 = fire
紧急通知:6号楼着火了,请马上疏散 = fire
楼道里好大的煤气味 = gas
有煤气味 = gas
谁家煤气漏了,味道很大 = gas
闻到一股天然气味儿 = gas
厨房燃气泄漏了 = gas
302好像煤气中毒了 = gas
液化气罐漏了 = gas
困在电梯里了 = trapped
有人困在电梯里了 = trapped
我被关在电梯里出不去 = trapped
电梯坏了,里面困着两个孩子 = trapped
孩子反锁在屋里了 = trapped
小孩掉进井里了 = trapped
有人落水了 = trapped
晕倒了 = illness
门口有个大爷晕倒了 = illness
我爸喘不上气了 = illness
喘不上气 = illness
老伴胸口疼得厉害 = illness
我妈昏过去了叫不醒 = illness
孩子抽搐了口吐白沫 = illness
快打120 = illness
帮忙叫救护车 = illness
老爷子没呼吸了 = illness
有人触电了 = illness
爷爷吃饭噎住了 = illness
我老公心脏病犯了 = illness
有人喝农药了 = illness
有人打架动刀了 = violence
楼下有人拿刀 = violence
快报警 楼下砍人了 = violence
我老公打我 = violence
隔壁男的在打老婆 = violence
有人撬我家门 = violence
抓小偷 = violence
老人走失了 = lost_elder
我妈走丢了 = lost_elder
孩子不见了 = lost_elder
我爸老年痴呆出门走丢了大家帮忙找找 = lost_elder
对门老人敲门没人应 = help
隔壁老太太两天没动静了 = help
敲门没人开,电话也没人接 = help
6楼有人要跳楼 = help
有人在楼上喊救命 = help
墙塌了砸到人了 = help
昨晚摔倒了,现在还起不来 = fall
太可怕了,5楼着火了 = fire
太可怕了 5楼着火了 = fire
楼上火势很大 = fire
我妈手机关机,人走丢了 = lost_elder
出人命了快来 = help
来人啊,有人晕倒在3号楼门口 = fall
张奶奶摔了,在2单元楼下 = fall
厨房着火了怎么办 = fire
隔壁有人哭喊救命 = help
我家孩子吞了个纽扣电池,噎着了 = illness
老伴突然说不了话,嘴歪了 = illness
电梯突然往下掉,里面有人 = trapped
楼上着火,快 = fire
我爸在卫生间摔了,起不来 = fall
快来人,王大爷倒地上了 = fall
3-2-501 老太太叫不醒了 = illness
楼道里一股煤气味 = gas
燃气灶那边一股味,头晕 = gas
电梯卡住了,我和孩子在里面 = trapped
我们被困电梯了,一个小时了 = trapped
一楼着火啦快跑 = fire
5栋有火,快打119 = fire
救命有人拿刀砍人 = violence
外婆不喘气了 = illness
孩子卡嗓子了 = illness
隔壁老头三天没动静,敲门没人应 = help
我妈走失了,穿红衣服 = lost_elder
小孩走丢了,五岁,男孩 = lost_elder
有人跳河了 = help
楼下有人在打女人 = violence
他又打我了 救救我 = violence
电动车充电起火了 = fire
门反锁了孩子在里面,煤气还开着 = trapped
老人摔倒在楼梯口了 = fall
救命啊来人 = help
爷爷不行了快叫救护车 = illness
救命救命 = help
救我 = help
"""

UNSURE = """
有人打架 = violence
楼下打起来了 = violence
我被家暴了 = violence
摔了一跤 = fall
孩子摔倒了 = fall
好像有糊味,谁家的 = fire
楼上有股烟,好大的烟 = fire
去年我家着火了,现在又着火了怎么办 = fire
刚才老人摔倒了,没事了 = fall
救命,怎么办啊 = help
救命救命我该找谁 = help
我不想活了 = ?
活着没意思 = help
奶奶好几天没下楼了 = help
给我妈打电话打不通 = help
我爸还没回家,联系不上 = lost_elder
娃一天没回家了 = lost_elder
高烧不退 = illness
电梯门打不开 = trapped
忘关火了 = gas
有刺鼻的味道 = gas
突然胸闷 = illness
视频里看见3号楼着火了 = fire
听说7号楼着火了 = fire
出大事了 = help
家里进贼了 = violence
我妈走丢了,找到了,谢谢大家 = lost_elder
大妈跳舞摔了个跟头,没事 = fall
这事儿要出人命的,消防通道堵死了 = help
路灯坏了,我妈昨天摔倒了 = fall
老人免费体检,没人应吗 = help
谁有救护车电话 = illness
人不见了 = lost_elder
楼上吵得厉害像是打架 = violence
胸闷得厉害 = illness
我妈不接电话 = help
我摔了一下有点疼 = fall
帮帮我 = help
"""

LOOK_ALIKES = """
笑死我了救命
哈哈哈哈救命
救命哈哈
这天气救命
这天气真要命
火了火了
这歌火了
他突然就火了
这家店火了
热死了
冷死我了
困死了
累死了
气死我了
吓死我了
想死你了
救命稻草
他是我的救命恩人
这是老人的救命钱
救命这也太好吃了
救命也太可爱了吧
救命这个裙子好好看
救命我又胖了五斤
救命明天要考试
救命作业还没写完
救命不想上班
救命谁懂啊
救命他好帅
救命😂
打火机谁捡到了
打火机打不着火
热水器打不着火了
防火演练通知
消防演习几点开始
明天下午社区消防演练,模拟3号楼起火,请勿惊慌
【消防提示】冬季注意用火安全,发生火灾请打119
温馨提示:预防煤气中毒,请开窗通风
通知:请各位居民谨防火灾
遇到火灾如何逃生
万一着火了怎么跑
飞线充电容易着火
电动车上楼充电会着火的
昨天电视剧里着火了
电视剧里他晕倒了
小说里女主从楼上摔下来
我梦见家里着火了
孩子发烧好了
孩子发烧退了
昨天感冒好了
最近上火了
嗓子冒烟了
嗓子都快着火了
后院起火
祖坟冒青烟
睡着了
孩子睡着了
气得吐血
价格看得我晕倒
饿晕了
笑得喘不过气
忙得喘不过气
作业压得孩子喘不过气
手机摔了
我把手机摔了
碗摔碎了
这手机真耐摔
小心摔倒
下雪路滑,小心滑倒
路灯不亮老人容易摔倒
差点摔倒
早上起不来
冬天起不来床
胖得动不了
煤气费怎么交
换煤气罐多少钱
煤气没气了怎么换
停气了
轮胎没气了
车胎漏气了
个人信息泄露
我家狗走丢了
猫不见了
钥匙丢了
孩子的书包丢了
快递不见了
好久不见
困了
困难补助怎么办
电梯坏了
楼道灯坏了
停水了
电梯里有人抽烟
猫和狗打架
上下眼皮打架
给我打电话
打我电话吧
狼人杀
拼多多砍一刀
有人抢红包吗
抢到票了
跳楼价大甩卖
塌房了
累死人了
吵死人了
物业电话没人接
反映了半个月没动静
报修没人应
救护车通道被占了
救护车开不进来
好吃到晕倒
我先晕了
今天有义诊,测血压
心疼死了
社区讲座:如何预防脑梗
我爸脑梗三年了,残疾证怎么办
下水道冒水了
楼顶漏水
你好
收到
谢谢
1
报名 修家电
+1
家里烧水呢
厨房烧鸡呢
怕着火
救命,我家猫又拉沙发上了
家人们谁懂啊救命
今天热得要着火了
这瓜吃得我晕
股票又跌倒了
我妈喊我回家吃饭
我妈又不见人影了去打麻将
孩子不见了踪影的袜子
隔壁打孩子呢
报警电话多少
敲门没人应,快递放门口了
明天煤气公司来检查
谁看见我家老头子了,让他回来吃饭
老人有没有动静都要关心
电梯里手机没信号
我被锁在门外了
电动车充电棚什么时候建
家里来客人了没人招呼
油烟味太大了
楼下烧纸的烟飘上来
烧烤摊冒烟呛死了
昨天晚上的火烧云真美
孩子发烧40度
急诊几点下班
这几天心慌
我爸住院做手术
打人犯法的
王奶奶90岁了,没人照顾
楼上漏水漏到电表箱了
井盖没了,孩子差点掉进去
电线都老化了早晚着火
电动车上楼,着火了谁负责
救命我快递丢了
救命这题谁会
这价格救命
救命!今天食堂的饭太难吃
家里着火了一样热
火锅店着火爆了
这个视频火了
灯火通明
晕,又涨价了
我晕
我快被作业困住了
堵车困在路上了
快来人啊,三缺一
来人啊,上茶
谁家烧菜糊了
谁家孩子在哭
我妈说她不来了
大爷,您的快递
老人卡怎么办
孩子转学籍卡住了
孩子入学手续卡在街道
这球员摔倒了
把快递摔了
孩子学走路老摔跤
打架的猫吵死了
别打我主意
煤气罐换一个
煤气公司电话多少
这味道太煤气了
走失的青春
有人捡到狗吗,走丢了
老人机丢了
楼下冒烟的是烧烤摊
祝奶奶生日快乐
着火点在哪里
我要报警了哈哈
上个月爷爷摔倒住院了
老人防跌倒讲座,周三下午
孩子好了,不烧了
困在家里好无聊
累得起不来
明天有火灾逃生演习
请大家注意用电安全,以免引起火灾
志愿者学习心肺复苏,救人本领
中毒式洗脑广告
"""


@pytest.mark.parametrize(("said", "kind"), cases(CERTAIN))
def test_certain(said: str, kind: str) -> None:
    heard = hear(said)
    assert heard is not None, said
    assert (heard.kind, heard.certain) == (kind, True)


@pytest.mark.parametrize(("said", "kind"), cases(UNSURE))
def test_asked(said: str, kind: str) -> None:
    heard = hear(said)
    assert heard is not None, said
    assert kind in ("?", heard.kind)


@pytest.mark.parametrize("said", LOOK_ALIKES.strip().splitlines())
def test_look_alike(said: str) -> None:
    assert hear(said) is None


@pytest.mark.parametrize("said", ["", " ", "。。。", "😂😂", "a" * 10_000, "救" * 5_000, "<人>…", "…", "\x00\ud800"])
def test_no_text(said: str) -> None:
    assert hear(said) is None


def test_a_laugh_beside_a_real_fire_is_asked_about() -> None:
    assert hear("哈哈哈 3号楼着火了正在烧") == Alarm("fire", certain=False)


def test_the_gravest_is_heard() -> None:
    assert hear("着火了,有人晕倒了") == Alarm("fire", certain=True)


def test_certain_goes_before_unsure() -> None:
    assert hear("好像有糊味,老人叫不醒") == Alarm("illness", certain=True)


@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    hear(text)
    hear_alarm(text)


PIECES = st.sampled_from(
    ["救命", "着火了", "老人", "摔倒了", "起不来", "煤气", "味", "困", "电梯", "哈哈", "没", ",。", "…", "<人>"]
)


@given(st.lists(PIECES, max_size=400).map("".join))
def test_any_heap_of_cries_is_survived(text: str) -> None:
    hear_alarm(text)


@given(st.sampled_from([said for said, _ in cases(CERTAIN)]))
def test_script_width_and_politeness_change_nothing(said: str) -> None:
    heard = hear(said)
    assert hear(OpenCC("s2t").convert(said)) == heard
    assert hear(said.replace("!", "!").replace(",", ",")) == heard
    assert hear(f"{said}!!!") == heard


def test_a_mistake_in_the_file_is_said() -> None:
    talk = "talk: {silent: [哈哈]}"
    with pytest.raises(ValueError, match="flood"):
        compile_lexicon(f"alarms: {{flood: {{certain: [发大水]}}}}\n{talk}")
    with pytest.raises(ValueError, match="certian"):
        compile_lexicon(f"alarms: {{fire: {{certian: [着火]}}}}\n{talk}")
    with pytest.raises(ValueError, match="地方"):
        compile_lexicon(f'alarms: {{fire: {{certain: ["<地方>…着火"]}}}}\n{talk}')
