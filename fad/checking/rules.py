"""What a check makes of the rules that a program has for its own functions.

A rule can be wrong, and it can be meant to be other than the derivative. Which one it is shows
where the program is differentiated without some of its rules.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from fad.base.errors import place
from fad.base.source import Span
from fad.checking.report import Pair
from fad.diagram.box import Box, postorder
from fad.diagram.ruled import Ruled, without_rules
from fad.evaluation.core import Evaluation

#: Compares some pairs again, for the program without the rules at these places.
Again = Callable[[Sequence[Pair], Collection[Span]], list[Pair]]


def reviewed(
    process: Box, pairs: Sequence[Pair], again: Again
) -> tuple[Sequence[Pair], Sequence[str]]:
    """What came of a check, with mismatches that the program's own rules explain.

    Args:
        process: the program.
        pairs: what came of it.
        again: compares once more, without some rules.

    Returns:
        The pairs, `stopped` where there is no mismatch without the rules that stop or bound
        derivatives; and sentences about rules that may be wrong.
    """
    rules = {
        part.rule.place: part.rule
        for part in postorder(process)
        if isinstance(part, Ruled) and part.rule.obstacle is None
    }
    wrong = _mismatches(pairs)
    if not rules or not wrong:
        return pairs, ()
    stops = {span for span, rule in rules.items() if rule.is_stop}
    if stops:
        retried = {_key(pair): pair for pair in again(wrong, stops)}
        explained = {key for key, pair in retried.items() if pair.verdict != "mismatch"}
        pairs = [
            replace(retried[_key(pair)], verdict="stopped") if _key(pair) in explained else pair
            for pair in pairs
        ]
    wrong = _mismatches(pairs)
    suspects = [span for span in rules if span not in stops]
    if not wrong or not suspects or not _is_better(wrong, again(wrong, rules)):
        return pairs, ()
    if len(suspects) > 1:
        single = [span for span in suspects if _is_better(wrong, again(wrong, {*stops, span}))]
        suspects = single or suspects
    names = ", ".join(f"`{rules[span].title}` at {place(span)}" for span in suspects)
    which = "the rule" if len(suspects) == 1 else "one of the rules"
    return pairs, (f"{which} {names} may be wrong: without it, the derivatives agree",)


def without(evaluation: Evaluation, spans: Collection[Span]) -> Evaluation:
    """A program without the rules at some places."""
    process, became = without_rules(
        evaluation.process, lambda ruled: ruled.rule.obstacle is None and ruled.rule.place in spans
    )
    return replace(evaluation, process=process, facts=evaluation.facts.renamed(became))


def _mismatches(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair.verdict == "mismatch"]


def _is_better(wrong: Sequence[Pair], others: Sequence[Pair]) -> bool:
    return len(_mismatches(others)) < len(wrong)


def _key(pair: Pair) -> tuple[int, int, str]:
    return pair.point, pair.output, pair.parameter
