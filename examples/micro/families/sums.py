"""Addition and subtraction in Chinese.

prompt  小明有12个苹果，又买了5个。小明现在有多少个苹果？
answer  12 + 5 = 17。现在有17个苹果。
"""

import random

from families.task import Task

NAMES = ("小明", "小红", "小华", "小李", "小王", "小美")
THINGS = ("苹果", "气球", "橘子", "鸡蛋", "面包", "杯子")
MORE = ("又买了", "又得到", "又找到")
LESS = ("送出了", "用掉了", "丢了")


def task(rng: random.Random) -> Task:
    """A sum whose numbers, and those of its wrong answers, lie in 1 to 43."""
    has = rng.randint(4, 30)
    other = rng.randint(2, min(has - 1, 12))
    is_more = rng.random() < 0.5
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    happens = rng.choice(MORE if is_more else LESS)

    def said(sign: str, result: int) -> str:
        return f"{has} {sign} {other} = {result}。现在有{result}个{thing}。"

    more, less = ("+", has + other), ("-", has - other)
    right, wrong = (more, less) if is_more else (less, more)
    return Task(
        f"{name}有{has}个{thing}，{happens}{other}个。{name}现在有多少个{thing}？",
        said(*right),
        {
            "skips": f"现在有{has}个{thing}。",
            "off_by_one": said(right[0], right[1] + 1),
            "other_sign": said(*wrong),
        },
        gold=str(right[1]),
    )
