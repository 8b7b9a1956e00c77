"""sql/macros: what each says of hand-written texts, and how well the filters do."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """A connection with the project's macros, loaded in name order as a run does."""
    connection = duckdb.connect()
    for path in sorted((ROOT / "sql" / "macros").glob("*.sql")):
        connection.execute(path.read_text(encoding="utf-8"))
    return connection


def say(con: duckdb.DuckDBPyConnection, macro: str, text: str | None) -> object:
    row = con.execute(f"select {macro}($text::varchar)", {"text": text}).fetchone()
    assert row is not None
    return row[0]


def test_user_turn_keeps_the_text_as_it_is(con: duckdb.DuckDBPyConnection) -> None:
    assert say(con, "user_turn", " a\n") == [{"role": "user", "content": " a\n"}]


def test_asked_part_is_both_ends_of_a_long_text(con: duckdb.DuckDBPyConnection) -> None:
    assert say(con, "asked_part", "x" * 400) == "x" * 400
    long = "a" * 200 + "m" + "z" * 200
    assert say(con, "asked_part", long) == "a" * 200 + "\n" + "z" * 200


@pytest.mark.parametrize("text", [None, "", " \t\r\n", "\u3000\u00a0", "\u200b\ufeff"])
def test_blank(con: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert say(con, "is_blank", text) is True


def test_a_single_sign_is_not_blank(con: duckdb.DuckDBPyConnection) -> None:
    assert say(con, "is_blank", " ? ") is False


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (None, None),
        ("12 + 30 = ?", None),
        ("Where do swifts sleep?", "en"),
        ("Où dorment les martinets ?", "en"),
        ("雨燕在哪里睡觉？", "zh"),
        ("“swift”这个词怎么读？", "zh"),
        ("Где спят стрижи?", "other"),
        ("アマツバメはどこで眠りますか", "other"),
        # one Han character and four words: a fifth, and so Chinese; with five not
        ("one two three four 中", "zh"),
        ("one two three four five 中", "en"),
    ],
)
def test_language(
    con: duckdb.DuckDBPyConnection, text: str | None, language: str | None
) -> None:
    assert say(con, "language_of", text) == language
    assert say(con, "is_chinese", text) is (language == "zh")


@pytest.mark.parametrize(
    "text",
    [
        "Write a function that doubles every element.",
        "Why does my Rust code not compile?",
        "for (int i = 0; i < n; i++) { total += i; }",
        "What is the difference between a list and a tuple in Python?",
        "Create a regular expression for postal codes.",
        "SELECT name FROM birds WHERE wings = 2",
        "How do I center a div vertically?",
        "Why does this give a NullPointerException?",
        "Refactor the snippet below.",
        "Write a Terraform config for a bucket.",
        "写一个程序，把文件按大小排序。",
        "写一个贪吃蛇小游戏",
        "请解释一下什么是闭包。",
        "用C语言怎么反转字符串？",
        "Implement pagination for a list of search results.",
        "What's the difference between a process and a thread?",
        "My container keeps restarting, how do I see the logs?",
        "Merge overlapping intervals.",
        "How do I undo my last commit without losing changes?",
        "What does O(n log n) mean?",
        "Explain what `git rebase --onto` does.",
        "Given a linked list, return its middle node.",
        "When should I use inheritance instead of composition?",
        "Can I await something inside forEach()?",
        "What are the SOLID principles?",
        "接口返回500怎么办？",
        "怎么合并两个有序数组？",
        "解释一下值传递和引用传递。",
        "进程和线程有什么区别？",
    ],
)
def test_code(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert say(con, "is_code", text) is True


@pytest.mark.parametrize(
    "text",
    [
        "What is 17 * 23?",
        "Prove that there are infinitely many primes.",
        r"Evaluate $\int_0^1 x^2 dx$.",
        "Ann has 5 apples and buys 7 more. How many does she have?",
        "Find the area of a circle with radius 3.",
        "What is 15% of 240?",
        "How many ways can 5 people sit in a row?",
        "Convert 3/8 to a decimal.",
        "小红有12支笔，送出5支，还剩多少支？",
        "一件衣服打八折后是160元，原价多少元？",
        "5的阶乘是多少",
        "解方程：3x + 2 = 11",
        "Explain the chain rule.",
        "How do you multiply matrices?",
        "Is zero even or odd?",
        "What are the odds of flipping heads four times in a row?",
        "Two trains leave towns 300 miles apart at 50 and 70 mph. When do they meet?",
        "Show that the sum of two odd numbers is even.",
        "What is the angle between (1, 0) and (1, 1)?",
        "An object with a mass of 5 kg moves at 10 m/s. What is its momentum?",
        "什么是质数？",
        "求矩阵的逆。",
        "从5个人中选2个人，有多少种选法？",
        "小芳12秒走2层，小丽28秒走4层，他们谁走得快？",
    ],
)
def test_mathematics(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert say(con, "is_mathematics", text) is True


@pytest.mark.parametrize(
    "text",
    [
        "Write a letter to my landlord about the heating.",
        "Design a training program for a first marathon.",
        "Write a script for a short film about a lighthouse.",
        "What does the dress code on an invitation mean?",
        "How many moons does Jupiter have?",
        "Summarise the years 1914 to 1918 in one paragraph.",
        "请介绍一下离婚的法律程序。",
        "Recommend three books about garbage collection in cities.",
        "三国时期有哪些著名的人物？",
        "请求和解的信怎么写？",
        "Write a thank-you note to my coding teacher.",
        "Write a poem about a recursive function.",
        "Translate this sentence into French: the server is down.",
        "What are the functions of the liver?",
        "How do I write a string quartet?",
        "What is inheritance tax in the UK?",
        "Describe the class system in Victorian England.",
        "What is the plot of The Matrix?",
        "Write a short bio for a mathematician who likes sailing.",
        "Who painted The Starry Night, and when?",
        "写一段关于程序员加班的段子。",
        "数学老师生日送什么礼物好？",
        "根据以下文章写一个标题：公司完全用自己的数据库和编译器做出了软件。",
        "为什么社会秩序很重要？",
    ],
)
def test_neither_code_nor_mathematics(
    con: duckdb.DuckDBPyConnection, text: str
) -> None:
    assert say(con, "is_code", text) is False
    assert say(con, "is_mathematics", text) is False


@pytest.mark.parametrize(
    ("text", "writing"),
    [
        ("Write a blog post about hash tables.", True),
        ("Summarize this article on matrices.", True),
        ("把下面的句子翻译成英文，并润色以下内容：你好", True),
        ("Write a function that reverses a list.", False),
        ("Why is the sky blue?", False),
        ("写一个函数", False),
    ],
)
def test_a_task_of_prose(
    con: duckdb.DuckDBPyConnection, text: str, writing: bool
) -> None:
    assert say(con, "is_writing_task", text) is writing


def test_null_is_neither(con: duckdb.DuckDBPyConnection) -> None:
    assert say(con, "is_code", None) is None
    assert say(con, "is_mathematics", None) is None


def bench() -> ModuleType:
    """bench/filters.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("filters", ROOT / "bench/filters.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no labelled prompts at {DATA}")
def test_labelled_prompts_of_ones_own_are_judged_beside(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(
        '{"text": "Reverse a linked list.", "label": "code"}\n'
        '{"text": "What is 2 + 2?", "label": "mathematics"}\n'
        '{"text": "Is 7 x 6 equal to 42?", "label": "general"}\n'
        '{"text": "Tell me a joke.", "label": "general"}\n',
        encoding="utf-8",
    )
    filters = bench()
    judged = filters.load(DATA, [own])
    assert filters.count(judged, ("own",), "code") == (0, 1)
    assert filters.count(judged, ("own",), "mathematics") == (0, 1)
    assert filters.count(judged, ("own",), "general") == (1, 2)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no labelled prompts at {DATA}")
def test_filters_reach_their_goals_on_labelled_prompts() -> None:
    filters = bench()
    judged = filters.load(DATA)
    missed, n_code = filters.count(judged, filters.POOLED, "code")
    assert 1 - missed / n_code >= 0.90
    missed, n_mathematics = filters.count(judged, filters.POOLED, "mathematics")
    assert 1 - missed / n_mathematics >= 0.80
    lost, n_general = filters.count(judged, filters.POOLED, "general")
    assert lost / n_general <= 0.05
