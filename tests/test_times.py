"""Dates and times in Chinese: a table of what people say, and what must hold for anything that they say."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from opencc import OpenCC

from handlers.hearing.numerals import read_number, to_amount, to_int
from handlers.hearing.times import When, find_when
from handlers.hearing.times.lunar import SOLAR_TERMS, last_day_of_lunar_year, lunar_day, solar_term

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 11, 10, 0, tzinfo=SHANGHAI)  # a Wednesday
DAY = timedelta(days=1)


def brief(when: When | None) -> str:
    """03-12, 03-12 pm, 03-14..03-15, 03-12T09:00..03-12T11:00; other years than 2026 with the year."""
    if when is None:
        return "nothing"
    shape = "%Y-%m-%d" if when.whole_day else "%Y-%m-%dT%H:%M"
    ends = "..".join(end.strftime(shape).removeprefix("2026-") for end in (when.start, when.end) if end)
    return f"{ends} {when.part}" if when.part else ends


def cases(table: str) -> list[tuple[str, str]]:
    """Lines of `phrase = answer`."""
    pairs = (line.split(" = ") for line in table.strip().splitlines())
    return [(phrase.strip(), answer.strip()) for phrase, answer in pairs]


DAYS = """
今天 = 03-11
今日 = 03-11
今儿 = 03-11
明天 = 03-12
明儿个 = 03-12
后天 = 03-13
大后天 = 03-14
昨天 = 03-10
昨日 = 03-10
前天 = 03-09
大前天 = 03-08
明后天 = 03-12..03-13
今明两天 = 03-11..03-12
周三 = 03-11
周二 = 03-17
周四 = 03-12
星期日 = 03-15
礼拜天 = 03-15
周天 = 03-15
周5 = 03-13
这周一 = 03-09
本周五 = 03-13
这个礼拜五 = 03-13
下周三 = 03-18
下个星期天 = 03-22
下下周二 = 03-24
下周的周四 = 03-19
下周周四 = 03-19
上周五 = 03-06
上上周五 = 02-27
每周六 = 03-14
从上周五开始 = 03-06
从周一开始就没水 = 03-09
从5号起就没人扫楼道 = 03-05
从下周一起 = 03-16
下周一起去 = 03-16..03-22
下周一定来 = 03-16..03-22
约一下周四 = 03-12
约一下下周四 = 03-19
马上周末了 = 03-14..03-15
周末 = 03-14..03-15
这个周末 = 03-14..03-15
下周末 = 03-21..03-22
下下个周末 = 03-28..03-29
上周末 = 03-07..03-08
双休日 = 03-14..03-15
周六日 = 03-14..03-15
周六周日 = 03-14..03-15
下周六、日 = 03-21..03-22
下周 = 03-16..03-22
这周 = 03-09..03-15
上个星期 = 03-02..03-08
下个礼拜 = 03-16..03-22
三天后 = 03-14
3天以后 = 03-14
过两天 = 03-13
再过五天 = 03-16
一周后 = 03-18
两个星期之后 = 03-25
半个月后 = 03-26
一个月后 = 04-11
两天前 = 03-09
十五天后 = 03-26
"""

DATES = """
15号 = 03-15
11号 = 03-11
5号 = 04-05
廿五号 = 03-25
二十八日 = 03-28
卅一号 = 03-31
3月20日 = 03-20
3月11日 = 03-11
3月5日 = 2027-03-05
三月二十号 = 03-20
十二月五日 = 12-05
十二月二十五 = 12-25
12月5 = 12-05
1月2日 = 2027-01-02
2月29日 = 2028-02-29
2026年10月8日 = 10-08
二〇二七年一月三日 = 2027-01-03
27年1月3号 = 2027-01-03
明年5月6号 = 2027-05-06
今年2月3日 = 02-03
去年12月30日 = 2025-12-30
12.5 = 12-05
3.20 = 03-20
12/5 = 12-05
4/1 = 04-01
12-5 = 12-05
2026-12-05 = 12-05
2026/4/8 = 04-08
2026.4.8 = 04-08
下月5号 = 04-05
下个月20日 = 04-20
下下个月1号 = 05-01
上个月28号 = 02-28
这个月18号 = 03-18
本月三十号 = 03-30
每月5号 = 04-05
月底 = 03-31
月初 = 04-01
本月底 = 03-31
下月初 = 04-01
下个月底 = 04-30
五月底 = 05-31
6月初 = 06-01
年底 = 12-31
4月中旬 = 04-11..04-20
下个月上旬 = 04-01..04-10
下个月 = 04-01..04-30
9月份 = 09-01..09-30
第一个周六 = 04-04
第三个周日 = 03-15
最后一个周五 = 03-27
下个月第二个周三 = 04-08
5月的最后一个周末 = 05-30..05-31
每月第一个周末 = 04-04..04-05
每个月头一个星期天 = 04-05
"""

HOURS = """
三点 = 03-11T15:00
3点半 = 03-11T15:30
两点一刻 = 03-11T14:15
四点三刻 = 03-11T16:45
3:30 = 03-11T15:30
03:30 = 03-12T03:30
15点30分 = 03-11T15:30
二十点三十分 = 03-11T20:30
差十分三点 = 03-11T14:50
差一刻四点 = 03-11T15:45
十二点差五分 = 03-11T11:55
三点过五分 = 03-11T15:05
三点零五 = 03-11T15:05
四点二十五 = 03-11T16:25
9点 = 03-12T09:00
10点 = 03-11T10:00
11点 = 03-11T11:00
零点 = 03-12T00:00
24点 = 03-12T00:00
16时 = 03-11T16:00
一点半 = 03-11T13:30
1点 = 03-11T13:00
五点钟 = 03-11T17:00
七八点 = 03-12T07:00..03-12T08:00
下午三四点 = 03-11T15:00..03-11T16:00
上午9点 = 03-12T09:00
下午3点 = 03-11T15:00
下午2.30 = 03-11T14:30
中午12点 = 03-11T12:00
中午一点 = 03-11T13:00
傍晚6点 = 03-11T18:00
晚上8点 = 03-11T20:00
晚上12点 = 03-12T00:00
晚上一点 = 03-12T01:00
半夜两点 = 03-12T02:00
凌晨5点 = 03-12T05:00
早上七点 = 03-12T07:00
早8点 = 03-12T08:00
晚7点 = 03-11T19:00
今晚八点 = 03-11T20:00
今晚12点 = 03-12T00:00
明早9点 = 03-12T09:00
明晚七点半 = 03-12T19:30
昨晚十点 = 03-10T22:00
今天9点 = 03-11T09:00
今天下午一点 = 03-11T13:00
后天晚7点 = 03-13T19:00
周三9点 = 03-18T09:00
周三11点 = 03-11T11:00
周六10点 = 03-14T10:00
下周三 下午 3点 = 03-18T15:00
周四的下午三点 = 03-12T15:00
12/5 9:30 = 12-05T09:30
2026-12-05 14:30 = 12-05T14:30
2026-12-05 14:30:00 = 12-05T14:30
3月20日(周五)上午9:00 = 03-20T09:00
3月20日周五上午九点 = 03-20T09:00
15号（周日）下午2点半 = 03-15T14:30
明天大概3点 = 03-12T15:00
三天后下午4点 = 03-14T16:00
9点，明天 = 03-12T09:00
半小时后 = 03-11T10:30
两小时后 = 03-11T12:00
两个半小时后 = 03-11T12:30
一个半钟头以后 = 03-11T11:30
1.5小时后 = 03-11T11:30
20分钟后 = 03-11T10:20
一刻钟后 = 03-11T10:15
一小时二十分钟后 = 03-11T11:20
过半小时 = 03-11T10:30
十分钟前 = 03-11T09:50
明天上午 = 03-12 am
明早 = 03-12 am
明天一早 = 03-12 am
今晚 = 03-11 eve
昨晚 = 03-10 eve
周六晚上 = 03-14 eve
周五晚 = 03-13 eve
后天中午 = 03-13 pm
后天傍晚 = 03-13 eve
周三上午 = 03-11 am
周末下午 = 03-14..03-15 pm
下午 = 03-11 pm
晚上 = 03-11 eve
"""

RANGES = """
9点到11点 = 03-12T09:00..03-12T11:00
2点-4点 = 03-11T14:00..03-11T16:00
2-4点 = 03-11T14:00..03-11T16:00
下午2-4点 = 03-11T14:00..03-11T16:00
9点到5点 = 03-12T09:00..03-12T17:00
11点到1点 = 03-11T11:00..03-11T13:00
上午10点到下午1点 = 03-11T10:00..03-11T13:00
晚上10点到早上6点 = 03-11T22:00..03-12T06:00
晚上九点到十点半 = 03-11T21:00..03-11T22:30
早8点到晚6点 = 03-12T08:00..03-12T18:00
14:00—16:00 = 03-11T14:00..03-11T16:00
22:00-06:00 = 03-11T22:00..03-12T06:00
周六9:00～11:30 = 03-14T09:00..03-14T11:30
上午9.30-11.30 = 03-12T09:30..03-12T11:30
晚上7点到8点半，周六 = 03-14T19:00..03-14T20:30
每月第一个周末上午9点到11点 = 04-04T09:00..04-04T11:00
4月5日9点到4月7日17点 = 04-05T09:00..04-07T17:00
下周一至周五 = 03-16..03-20
下周一至五 = 03-16..03-20
周一到周三 = 03-16..03-18
明天到周五 = 03-12..03-13
今天至周日 = 03-11..03-15
12月5日-7日 = 12-05..12-07
12月5-7日 = 12-05..12-07
12月5日到12月7日 = 12-05..12-07
12月30日至1月2日 = 12-30..2027-01-02
15-17号 = 03-15..03-17
15号到17号 = 03-15..03-17
15、16号 = 03-15..03-16
28号和29号 = 03-28..03-29
12.5-12.7 = 12-05..12-07
12/5-12/7 = 12-05..12-07
正月初一到初五 = 2027-02-06..2027-02-10
周一到周五下午 = 03-16..03-20 pm
周六和周日上午9点到11点 = 03-14T09:00..03-14T11:00
"""

OCCASIONS = """
元旦 = 2027-01-01
春节 = 2027-02-06
除夕 = 2027-02-05
大年三十晚上 = 2027-02-05 eve
腊月三十 = 2027-02-05
元宵 = 2027-02-20
正月十五 = 2027-02-20
大年初三 = 2027-02-08
年初三 = 2027-02-08
清明 = 04-05
清明节上午9点 = 04-05T09:00
端午节 = 06-19
七夕 = 08-19
中秋 = 09-25
八月十五 = 09-25
农历八月十五 = 09-25
重阳节 = 10-18
腊八 = 2027-01-15
腊月二十三 = 2027-01-30
小年 = 2027-01-30
农历腊月廿四 = 2027-01-31
农历冬月初一 = 12-09
农历10月15 = 11-23
冬至 = 12-22
立秋 = 08-07
五一 = 05-01
五一劳动节 = 05-01
六一儿童节 = 06-01
八一建军节 = 08-01
国庆 = 10-01
国庆节晚上7点 = 10-01T19:00
十一假期 = 10-01
妇女节 = 2027-03-08
三八妇女节 = 2027-03-08
学雷锋日 = 2027-03-05
植树节 = 03-12
教师节 = 09-10
母亲节 = 05-10
父亲节 = 06-21
圣诞节 = 12-25
明年春节 = 2027-02-06
2028年中秋 = 2028-10-03
2027年除夕 = 2027-02-05
"""

SENTENCES = """
麻烦帮我约一下明天上午10点，我姓李，电话13800138000 = 03-12T10:00
3号楼王阿姨想约周五下午见人大代表 = 03-13 pm
我妈想去下周六的血压摊，早上8点可以吗 = 03-21T08:00
周六我带孩子去，大概下午3点到 = 03-14T15:00
下周我有空，周三下午3点行吗 = 03-18T15:00
周四不行，周五吧 = 03-13
从周四改到周五 = 03-13
不是今天，是明天 = 03-12
我今天来报名，周六的集市 = 03-14
中秋晚会9月20日晚上7点 = 09-20T19:00
各位邻居：本周六（3月14日）上午9:00—11:00，广场有集市 = 03-14T09:00..03-14T11:00
定于2026年4月8日（星期三）上午9时在二楼会议室开会 = 04-08T09:00
我家住12栋3单元502，周五下午三点在家 = 03-13T15:00
明天9点3号楼门口集合 = 03-12T09:00
三点三个人一起去 = 03-11T15:00
10:30的号还有吗 = 03-11T10:30
3号楼电梯从昨天晚上8点开始停了 = 03-10T20:00
25号楼下周四停水 = 03-19
3月18号下午代表在站里吗 = 03-18 pm
那就改到下周二上午九点半吧，麻烦了 = 03-17T09:30
上个月28号报修的，现在还没人来 = 02-28
每天晚上10点还在跳广场舞 = 03-11T22:00
请12月10日前把材料交给网格长 = 12-10
明天早一点来 = 03-12
时间：4月4日（周六）上午9:00-11:30，地点：广场 = 04-04T09:00..04-04T11:30
"""

TRADITIONAL = """
禮拜六上午十點 = 03-14T10:00
下週三下午兩點 = 03-18T14:00
後天 = 03-13
大後天晚上 = 03-14 eve
12月5號 = 12-05
兩個小時後 = 03-11T12:00
農曆臘月廿三 = 2027-01-30
國慶節 = 10-01
１２月５日９：３０ = 12-05T09:30
下 周 三 = 03-18
12 月 5 日 = 12-05
明天　下午\u20053点 = 03-12T15:00
"""

NO_TIMES = """
3号楼 5号楼电梯又坏了 12月5号楼停水 二号门 2号门口 3号2单元301 我家在8号院6号楼 幸福路5号 A3号 10栋2单元301 3-2-501
1-1-402室 1号线 五号线 一号文件 五号字 5号电池 女一号 2号人物 92号汽油 五一路 国庆路的井盖没了 五一广场 八一小区
七一路口 双十一路 六一班 六一幼儿园 五一小学 王国庆 李立春阿姨 周一鸣来了 周三丰 星期天饭店油烟太大 星期五餐厅
圣诞老人 腊八粥 吃中秋月饼 一点都不 一点点 差一点 差一点摔倒 有一点漏水 早一点来 快一点 一点声音都没有 有点吵 三点意见
我有三点意见 两点建议 提三点 这三点 第3点 扣3点 两点一线 三点五元 三点五 13.5米 3.5元 1.5L 满10.5元 v1.2.3 192.168.1.1
100.5平 百分之三点五 百分之五 2/3的人 群里1/2的居民同意 2/3以上 8:2 12:60 +1 2 ② ⑤ 第二个 12345 打12345热线也没用
13800138000 138-0013-8000 0571-88881234 330102199001011234 501 80平米 3-5天 10-12人 5-6楼 第一时间 希望第一时间处理
时间不够 早上好 下午好 晚上好 中午好各位邻居 周日快乐 周末愉快 新年快乐 中秋快乐 端午安康 祝大家国庆节快乐 初三家长群
初一学生 到初三了 一年级 三年二班 24小时 24小时热线 两小时 半小时 停了三天水 停水两天了 三天两头 一周三次 每周三次
三日游 一日三餐 七日内 十分好 十分感谢 有时 一时想不起来 三时代 什么时候 几点 哪天 一会儿再说 以后天天来 然后天黑了
说明天花板漏了 文明天天讲 今日头条 早点摊占道 早餐 晚饭 天天晚上吵 晚上总有人跳舞 一到晚上就吵 周到 周边 上周边 这周围
两会代表在不在 王二小 这事说了三五次了 收到 好的谢谢 五月天 十月怀胎 三楼 号码 日子 月亮 13月5日 2月30日 32号 0号 25点
周八 1985年3月5日 一二三四五六 一百二十三 2026 66666
"""


@pytest.mark.parametrize(("phrase", "answer"), cases(DAYS + DATES.lstrip() + HOURS.lstrip() + RANGES.lstrip()))
def test_a_phrase_means(phrase: str, answer: str) -> None:
    assert brief(find_when(phrase, NOW)) == answer


@pytest.mark.parametrize(("phrase", "answer"), cases(OCCASIONS + SENTENCES.lstrip() + TRADITIONAL.lstrip()))
def test_a_holiday_or_sentence_means(phrase: str, answer: str) -> None:
    assert brief(find_when(phrase, NOW)) == answer


@pytest.mark.parametrize("phrase", NO_TIMES.split())
def test_no_time_is_heard(phrase: str) -> None:
    assert brief(find_when(phrase, NOW)) == "nothing"


@pytest.mark.parametrize(
    ("hour", "phrase", "answer"),
    [
        (8, "9点", "03-11T09:00"),
        (9, "9点", "03-11T09:00"),
        (10, "9点", "03-12T09:00"),
        (16, "三点", "03-12T15:00"),
        (16, "周三下午3点", "03-18T15:00"),
        (14, "周三上午", "03-18 am"),
        (19, "下午", "03-12 pm"),
        (14, "11号9点", "04-11T09:00"),
        (14, "3月11日9点", "03-11T09:00"),  # a year on is never meant
        (14, "今天9点", "03-11T09:00"),
    ],
)
def test_what_is_past_today_is_the_next(hour: int, phrase: str, answer: str) -> None:
    assert brief(find_when(phrase, NOW.replace(hour=hour))) == answer


def test_a_weekend_is_still_this_one_on_its_sunday() -> None:
    sunday = NOW + 4 * DAY
    assert brief(find_when("周末", sunday)) == "03-14..03-15"
    assert brief(find_when("第三个周末", sunday + 7 * DAY)) == "03-21..03-22"


def test_an_answer_is_in_the_timezone_of_the_question() -> None:
    here = datetime(2026, 3, 11, 10, 0, tzinfo=ZoneInfo("Asia/Urumqi"))
    when = find_when("明天9点", here)
    assert when is not None
    assert when.start == datetime(2026, 3, 12, 9, 0, tzinfo=ZoneInfo("Asia/Urumqi"))
    assert when.start.tzinfo is here.tzinfo


def test_the_span_is_where_the_words_stand_in_the_original() -> None:
    text = "那就　下 周三\u2005下午 3 点 吧"
    when = find_when(text, NOW)
    assert when is not None
    assert text[slice(*when.span)] == "下 周三\u2005下午 3 点"


def test_only_the_first_ten_thousand_characters_are_looked_at() -> None:
    assert find_when("啊" * 9_998 + "明天", NOW) is not None
    assert find_when("啊" * 9_999 + "明天", NOW) is None


# What holds for every day of three years.

DATE = st.dates(date(2026, 1, 1), date(2028, 12, 31))
UNITS = "零一二三四五六七八九"
WEEKDAYS = "一二三四五六日"


def in_words(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else UNITS[tens] + "十") + (UNITS[ones] if ones or not tens else "")


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


def forms_with_year(day: date) -> list[str]:
    return [
        day.isoformat(),
        f"{day:%Y/%m/%d}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%y}年{day.month}月{day.day}号",
        "".join("〇一二三四五六七八九"[int(digit)] for digit in str(day.year))
        + f"年{in_words(day.month)}月{in_words(day.day)}日",
    ]


def forms_without_year(day: date) -> list[str]:
    return [
        f"{day.month}月{day.day}日",
        f"{day.month}月{day.day}号",
        f"{day:%m}月{day:%d}日",
        f"{in_words(day.month)}月{in_words(day.day)}日",
        f"{in_words(day.month)}月{in_words(day.day)}号",
        f"{day.month}/{day.day}",
        f"{day.month}.{day.day}",
        f"{day.month}-{day.day}",
    ]


@given(DATE, DATE)
def test_a_date_with_its_year_is_itself_whenever_it_is_said(day: date, today: date) -> None:
    for form in forms_with_year(day):
        when = find_when(form, at(today, 10))
        assert when is not None, form
        assert (when.start, when.end, when.whole_day) == (at(day), None, True), form


@given(DATE, st.integers(0, 364))
def test_a_date_is_the_next_one(day: date, days_before: int) -> None:
    today = day - timedelta(days=days_before)
    for form in forms_without_year(day):
        when = find_when(form, at(today, 10))
        assert when is not None, form
        assert when.start == at(day), form


@given(DATE, st.integers(0, 6))
def test_a_weekday_is_the_next_one(day: date, days_before: int) -> None:
    for week in ("周", "星期", "礼拜", "週", "禮拜"):
        when = find_when(week + WEEKDAYS[day.weekday()], at(day - timedelta(days=days_before), 10))
        assert when is not None
        assert when.start == at(day)


@given(DATE, st.integers(-2, 2))
def test_a_week_begins_on_monday(day: date, weeks: int) -> None:
    which = {-2: "上上", -1: "上", 0: "这", 1: "下", 2: "下下"}[weeks]
    for today in (day - timedelta(days=day.weekday()), day + timedelta(days=6 - day.weekday())):
        when = find_when(f"{which}周{WEEKDAYS[day.weekday()]}", at(today, 10))
        assert when is not None
        assert when.start == at(day + timedelta(weeks=weeks))


@given(DATE, st.integers(0, 23), st.integers(0, 59))
def test_an_hour_of_a_date_is_itself(day: date, hour: int, minute: int) -> None:
    now = at(day - DAY, 10)
    said_part = "凌晨" if hour < 5 else "上午" if hour < 12 else "下午" if hour < 18 else "晚上"
    spoken = f"{said_part}{in_words(hour % 12 or 12)}点" + (f"{in_words(minute)}分" if minute else "")
    for clock in (f"{hour:02}:{minute:02}", f"{hour:02}点{minute:02}分", spoken):
        when = find_when(f"{day.month}月{day.day}日{clock}", now)
        assert when is not None, clock
        assert (when.start, when.end, when.whole_day) == (at(day, hour, minute), None, False), clock


@given(DATE, st.integers(1, 40))
def test_so_many_days_on(today: date, days: int) -> None:
    for number in (str(days), in_words(days)):
        for form in (f"{number}天后", f"{number}天之后", f"再过{number}天"):
            when = find_when(form, at(today, 10))
            assert when is not None, form
            assert when.start == at(today + timedelta(days=days)), form


PHRASES = st.sampled_from([phrase for phrase, _ in cases(DAYS + DATES.lstrip() + HOURS.lstrip() + OCCASIONS.lstrip())])
TO_TRADITIONAL = OpenCC("s2t")


def meaning(when: When | None) -> tuple[object, ...] | None:
    return (when.start, when.end, when.whole_day, when.part) if when else None


def full_width(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text)


@given(PHRASES, DATE)
def test_how_it_is_written_changes_nothing(phrase: str, today: date) -> None:
    now = at(today, 10)
    expected = meaning(find_when(phrase, now))
    assert meaning(find_when(TO_TRADITIONAL.convert(phrase), now)) == expected
    assert meaning(find_when(full_width(phrase), now)) == expected


@given(PHRASES, st.data())
def test_spaces_inside_change_nothing(phrase: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(phrase)))
    assume(not (phrase[:place][-1:].isdigit() and phrase[place:][:1].isdigit()))  # 1 5号 may be two numbers
    assume(phrase[:place][-1:].isalnum() and phrase[place:][:1].isalnum())
    space = data.draw(st.sampled_from([" ", "\u3000", "\u2005", "  "]))
    assert meaning(find_when(phrase[:place] + space + phrase[place:], NOW)) == meaning(find_when(phrase, NOW))


@given(
    PHRASES,
    st.sampled_from(["", "您好，", "麻烦您，", "@小善\u2005", "请问 ", "那就"]),
    st.sampled_from(["", "，谢谢", " 吧", "可以吗", "🙏", "。"]),
)
def test_politeness_changes_nothing(phrase: str, before: str, after: str) -> None:
    assert meaning(find_when(before + phrase + after, NOW)) == meaning(find_when(phrase, NOW))


# What holds for any text at all.

TIME_WORDS = [phrase for phrase, _ in cases(DAYS + HOURS.lstrip() + RANGES.lstrip())] + NO_TIMES.split()
ANY_TEXT = st.one_of(
    st.text(max_size=200),
    st.text("0123456789一二三四五六日天周号月点分刻半下上个到至-~:./ ()年初今明早晚农历第最后节从差过，", max_size=60),
    st.lists(st.sampled_from([*TIME_WORDS, "，", " ", "到", "-", "的", "\n", "改到", "不行", "就"])).map("".join),
)


@given(ANY_TEXT, DATE)
def test_the_span_read_alone_means_the_same(text: str, today: date) -> None:
    now = at(today, 10)
    when = find_when(text, now)
    if when is None:
        return
    start, end = when.span
    assert 0 <= start < end <= len(text)
    assert meaning(find_when(text[start:end], now)) == meaning(when)
    assert when.start.tzinfo is SHANGHAI
    assert when.end is None or when.end > when.start


@pytest.mark.parametrize(
    "piece", ["一", "3", "周", "点", "第", "1-", "下", "1 ", " ", "二〇", "今天", "1点", "9:00-", "\ud800", "\0"]
)
def test_endless_texts_are_read_to_an_end(piece: str) -> None:
    find_when(piece * 20_000, NOW)


# The calendars behind the words.


def test_lunar_days_agree_with_the_calendar_of_holidays() -> None:
    from holidays.calendars.chinese import _ChineseLunisolar  # an independent table of a library that we have

    table = _ChineseLunisolar()
    for year in range(2001, 2089):
        for month, day, published in (
            (1, 1, table.lunar_new_year_date(year)),
            (5, 5, table.dragon_boat_date(year)),
            (8, 15, table.mid_autumn_date(year)),
            (9, 9, table.double_ninth_date(year)),
        ):
            assert lunar_day(year, month, day) == published[0], (year, month, day)
        assert solar_term("清明", year) == table.qingming_date(year)[0], year
        assert solar_term("冬至", year) == table.winter_solstice_date(year)[0], year


@pytest.mark.parametrize(
    ("year", "month", "day", "leap", "expected"),
    [
        (2025, 6, 1, True, date(2025, 7, 25)),
        (2025, 12, 29, False, date(2026, 2, 16)),
        (2025, 12, 30, False, None),
        (2033, 11, 1, True, date(2033, 12, 22)),
        (2026, 6, 1, True, None),
        (2026, 13, 1, False, None),
        (1999, 1, 1, False, None),
        (2100, 1, 1, False, None),
    ],
)
def test_a_lunar_day(year: int, month: int, day: int, leap: bool, expected: date | None) -> None:
    assert lunar_day(year, month, day, leap=leap) == expected


@given(st.integers(2000, 2098))
def test_lunar_years_follow_each_other(year: int) -> None:
    eve, new_year = last_day_of_lunar_year(year), lunar_day(year + 1, 1, 1)
    assert eve is not None
    assert new_year == eve + DAY
    assert eve in (lunar_day(year, 12, 29), lunar_day(year, 12, 30), lunar_day(year, 12, 30, leap=True))


def test_solar_terms_come_in_order() -> None:
    for year in range(2001, 2100):
        terms = [solar_term(name, year) for name in SOLAR_TERMS]
        assert None not in terms
        assert terms == sorted(terms, key=str)
    assert solar_term("冬至", 2100) is None


# Numerals.


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("三", 3),
        ("十五", 15),
        ("廿三", 23),
        ("卅", 30),
        ("卅一", 31),
        ("两", 2),
        ("〇", 0),
        ("３０", 30),
        ("3十", 30),
        ("3十5", 35),
        ("一百五", 150),
        ("一百零五", 105),
        ("两千三", 2300),
        ("两千零五十", 2050),
        ("一万两千", 12000),
        ("三万五", 35000),
        ("五〇一", 501),
        ("贰拾", 20),
        ("兩萬", 20000),
        ("半", None),
        ("十五六", None),
        ("万", None),
        ("楼", None),
        ("", None),
        ("1" * 5_000, None),
    ],
)
def test_a_numeral(text: str, number: int | None) -> None:
    assert to_int(text) == number


@given(st.integers(0, 99))
def test_numbers_below_a_hundred_are_read_as_they_are_said(number: int) -> None:
    assert to_int(in_words(number)) == to_int(str(number)) == number


@pytest.mark.parametrize(
    ("text", "amount"),
    [("半", 0.5), ("两个半", 2.5), ("1.5", 1.5), ("一点五", 1.5), ("三", 3), ("个半", None), ("多", None)],
)
def test_an_amount(text: str, amount: float | None) -> None:
    assert to_amount(text) == amount


def test_a_number_is_read_where_it_stands() -> None:
    assert read_number("3十号") == (30, 2)
    assert read_number("十五六个") == (15, 2)
    assert read_number("在12栋", 1) == (12, 3)
    assert read_number("楼") is None


@given(st.text(), st.integers(0, 10))
def test_any_text_is_a_number_or_none(text: str, position: int) -> None:
    to_int(text)
    to_amount(text)
    read_number(text, position)
