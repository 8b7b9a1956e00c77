"""Linked lists and binary trees in tests: built of values, read back as values.

A test that needs them carries these definitions itself, so that each text of `tests`
stands alone. The classes are the candidate's: those of the environment (ENVIRONMENT),
or its own of the same name, with `val`, `next`, `left` and `right` as on LeetCode.
"""

LINKED = """\
def _linked(values):
    head = None
    for value in reversed(values):
        node = ListNode(value)
        node.next, head = head, node
    return head
"""

TREE = """\
def _tree(values):
    nodes = [None if value is None else TreeNode(value) for value in values]
    for node in nodes:
        if node is not None:
            node.left = node.right = None
    children = iter(nodes)
    root = next(children, None)
    for node in nodes:
        if node is not None:
            node.left = next(children, None)
            node.right = next(children, None)
    return root
"""

PLAIN = """\
def _plain(value, limit=100000):
    if isinstance(value, (list, tuple)):
        return [_plain(one, limit) for one in value]
    values = []
    if hasattr(value, "next"):
        while value is not None and len(values) < limit:
            values.append(value.val)
            value = value.next
        return values
    if not hasattr(value, "left"):
        return value
    level = [value]
    for node in level:
        values.append(None if node is None else node.val)
        if node is not None and len(level) < limit:
            level += [node.left, node.right]
    while values and values[-1] is None:
        values.pop()
    return values
"""

ENVIRONMENT = """\
import bisect
import collections
import copy
import datetime
import functools
import heapq
import itertools
import json
import math
import operator
import random
import re
import string
import sys
from bisect import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import *
from operator import *
from string import *
from typing import *
from builtins import *


class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next


class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right
"""
"""What LeetCode's judge has at hand before a solution; the head of every stub.

Solutions there are written without imports. Builtins come last, as there: `pow` and
`abs` stay what they are.
"""
