"""Words that look like times and are none: house numbers, roads, names, greetings, opinions in three points.

Each list is what may follow (or precede) a form of words without being part of a time. Whoever meets another
false friend in a chat adds it here; no code changes.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# 3号楼, 1号线, 二号门, 5号电池, 一号文件: a number, not a day.
AFTER_NUMBER = _words(
    "楼 栋 幢 座 院 门 线 口 车 厅 馆 库 铺 店 摊 桌 位 房 室 机 井 桥 厂 窗 台 坑 字 文 码 柱 杆 箱 柜 "
    "梯 电 底 仓 病 组 棚 炉 弄 里弄 胡同 巷 路 街 地块 地铁 标 墙 单元 层 灯 充 桶 垃 员 选手 家属 商铺 "
    "公馆 别墅 展 球 泳 食堂 航站 出口 入口 站 岗 卡 服务 教 宿舍 汽油 油 锅 区 园 苑 公寓 环 轮 舱 钢 "
    "人物 选"
)
BEFORE_NUMBER = "第路街弄巷道里楼栋幢座门院组园苑村庄湾型编账学工单尾间男女月A-Za-z_#"

# 三日游, 七日内, 一日三餐: days that are counted.
AFTER_DAY_CHARACTER = _words("游 内 间 均 常 子 元 本 夜 薪 租 语 化 光 晒 不 无 三餐 之内 以内 里")

# 三点意见, 两点建议: points of a speech, not of the clock.
AFTER_POINT = _words(
    "意见 建议 要求 看法 想法 原因 理由 体会 说明 注意事项 问题 好处 内容 共识 经验 疑问 请求 诉求 补充 "
    "感受 启示 不足 措施 事项 区别 优点 缺点 需求 水 式 一线 之间 论 积分 能量 声明 心得 收获 特点 优势 "
    "透视 定位 支撑 道理"
)
BEFORE_POINT = "第这几哪每扣积涨跌提讲加减得差共"
# 差一点, 一点都不, 一点点: "a bit".
AFTER_ONE_POINT = _words("点 都 也 儿 不 没 小 声 动静 一点 一滴 事 忙 办法 用 感觉 意思 钱 东西 心意")

# 一时, 三时代: not the hour.
AFTER_HOUR_CHARACTER = _words("代 候 期 辰 髦 常 间 刻 差 光 装 尚 半会 不")

# 五一路, 国庆路: places that are named for a day. 中秋月饼, 腊八粥: things.
AFTER_HOLIDAY = _words(
    "路 街 巷 弄 村 桥 镇 乡 县 大道 胡同 里弄 新村 大街 大桥 号楼 北路 南路 东路 西路 中路 粥 蒜 糕 月饼 "
    "粽 汤圆 老人 树 帽 杯 歌"
)
# 八一小区, 六一班, 五一幼儿园, 十一号楼, 七一个人.
AFTER_NUMBER_HOLIDAY = _words(
    "小区 社区 广场 公园 花园 幼儿园 小学 中学 学校 大学 班 队 厂 大厦 商场 市场 宾馆 饭店 酒店 招待所 "
    "医院 年级 苑 里 大队 工厂 农场 电影 制片 军区 街道 口 站 库 礼堂 食堂 家园 号 月 点 个 元 块 栋 幢 "
    "楼 单元 室 层 人 户 劳动奖 奖 式 棉 名 位 斤 米 次 % . 分 岁 天 只 条 件 间 组 排 年 期"
)
# 中秋快乐, 端午安康: wishes, as 早上好 is.
AFTER_GREETED_HOLIDAY = _words("快乐 安康 愉快 吉祥 大吉 好")
# 李国庆, 王立春: people. Only surnames that are no other common word.
SURNAMES = (
    "王李张刘陈杨赵吴徐孙朱胡郭林何罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁沈任姚卢姜崔钟谭陆汪范廖石贾"
    "韦夏付邹孟熊秦邱江尹薛闫段雷侯龙陶黎贺顾毛郝龚邵钱严覃武戴莫孔汤"
)

# 星期天饭店, 星期五餐厅: shops that are named for a day.
AFTER_WEEKDAY_SHOP = _words("饭店 酒店 酒楼 餐厅 餐吧 酒吧 饭馆 火锅 烧烤 咖啡 宾馆 便利店")
# 周一起去, 周一定来: together, surely; 周一鸣, 周三丰: people.
AFTER_MONDAY = _words("起 定 直 样 般 共 切 些 鸣 围 凡 帆 诺 然 航 楠 博 涵 桐 鹏 冰")
# 一周三次, 下周三个人: counts.
AFTER_WEEKDAY = _words("次 趟 回合 遍 个人 个名额 名 位 丰 快乐 愉快")
AFTER_WEEKEND = _words("快乐 愉快 好呀 好啊")
# 下周边, 这周围: not the week.
AFTER_WEEK = _words("边 围 转 到 密 全 期 年 岁 折 旋 长 刊")

# 早上好, 晚上好, 下午茶.
AFTER_PART = _words("好 安 茶 饭 餐 觉")
# 晚饭, 早市, 早点, 晚会: the short 早 and 晚 begin many words.
AFTER_SHORT_PART = _words(
    "饭 餐 会 班 安 年 点 些 辈 报 市 教 期 婚 操 高峰 自习 霞 一点 一些 就 了 已 起 来 到 睡 退 托 读 茶"
)
# 天天晚上, 一到晚上; 晚上总有人, 晚上睡不着: habits, not tonight.
BEFORE_HABIT = _words("天天 每天 每到 一到 到了 经常 整个 有时 平时 以前 大 整 全")
AFTER_HABIT = _words("总 老 经常 常常 都 睡 一直 天天 也 才 到现在")

# 12/5, 12-5 and 12.5 are also shares, rooms, prices and versions: only these may follow a date.
AFTER_SEPARATED_DATE = _words(
    "上午 下午 早 晚 中午 傍晚 凌晨 周 星期 礼拜 到 至 的 吧 吗 呢 啊 哈 开始 起 有 我 去 来 行 可 报 参 "
    "约 见 能 前 之前 以前 那天 当天 这天 是 在 举 活 集市 社区 截止 或 和 跟"
)
BEFORE_SEPARATED_DATE = "A-Za-z第版约价共@#$¥_+=占超过了卖单室号楼栋层~"
# 群里2/3的人, 1/2以上.
AFTER_SHARE = _words(
    "人 居民 业主 住户 户 票 家 钱 费 面积 时间 地方 车 邻居 老人 同意 邻里 群众 党员 比例 价格 可乐 水 "
    "油 饭 路 成员 代表"
)
