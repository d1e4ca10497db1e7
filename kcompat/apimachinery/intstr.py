"""IntOrString: a JSON integer or a string such as `25%` or a port's name. Called by the rules of rollouts, probes and disruption budgets.

Answers apimachinery pkg/util/intstr.
"""

import re

IntOrString = int | str


def scaled_value(value: IntOrString | None, total: int, round_up: bool) -> int:
    """The number meant: an integer as it stands, a percentage of total rounded up or down.

    Raises ValueError with upstream's message for any other string (GetScaledValueFromIntOrPercent).
    """
    if value is None:
        raise ValueError("nil value for IntOrString")
    if isinstance(value, int):
        return value
    percent = percentage(value)
    return -(-percent * total // 100) if round_up else percent * total // 100


def percentage(value: str) -> int:
    """The number before the percent sign; raises ValueError with upstream's message."""
    if not value.endswith("%"):
        raise ValueError("invalid value for IntOrString: invalid type: string is not a percentage")
    if not re.fullmatch(r"[+-]?[0-9]+", value[:-1]):
        raise ValueError(f'invalid value for IntOrString: invalid value "{value}": strconv.Atoi: parsing "{value[:-1]}": invalid syntax')
    return int(value[:-1])


def int_value(value: IntOrString | None) -> int:
    """The integer, or what a string reads as, 0 if nothing (upstream: IntValue)."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[+-]?[0-9]+", value) else 0
    return value or 0


def parse(text: str) -> IntOrString:
    """An integer if the text is one of 32 bits, else the text (upstream: Parse)."""
    if re.fullmatch(r"[+-]?[0-9]+", text) and -(2**31) <= int(text) < 2**31:
        return int(text)
    return text
