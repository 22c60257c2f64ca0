"""Parameters without derivatives: their values are counted through, or searched by CMA-ES."""

from __future__ import annotations

import numpy as np

from fad.fitting.budget import Budget
from fad.fitting.descent import Watch
from fad.fitting.extras import extra
from fad.fitting.objective import Objective
from fad.fitting.variables import Points

#: How often all values are counted through, at most.
_ROUNDS = 3
#: How many evaluations each searched parameter may take, and how wide the search begins.
_EACH, _WIDTH = 60, 0.2


def improved(
    objective: Objective, point: Points, columns: list[int], seed: int, budget: Budget
) -> tuple[Points, float]:
    """A better point, with other values of the parameters that have no derivatives.

    Args:
        objective: what becomes smaller.
        point: the start, of shape (columns,).
        columns: those parameters.
        seed: of the random numbers.
        budget: what may be used.

    Returns:
        The point, and its loss.

    Raises:
        FadError: the extra `fit` is not installed, and needed.
        SpentError: the budget is used up.
    """
    variables = objective.problem.columns
    counted = [column for column in columns if variables[column].steps]
    searched = [column for column in columns if not variables[column].steps]
    loss = objective.value(point)
    for _ in range(_ROUNDS):
        before = loss
        for column in counted:
            budget.check(objective.problem.evaluations)
            places = [variables[column].coordinate.place(each) for each in variables[column].steps]
            tried = np.repeat(point[None], len(places), axis=0)
            tried[:, column] = places
            losses = objective.values(tried)
            if losses.min() < loss:
                point, loss = tried[losses.argmin()], float(losses.min())
        if not loss < before:
            break
    if searched:
        return evolved(objective, point, searched, seed, budget, _WIDTH, _EACH * len(searched))
    return point, loss


def evolved(
    objective: Objective,
    point: Points,
    columns: list[int],
    seed: int,
    budget: Budget,
    width: float,
    evaluations: int,
    enough: float = 0.0,
    watch: Watch | None = None,
) -> tuple[Points, float]:
    """A better point, by the evolution strategy CMA-ES (Hansen, arXiv:1604.00772).

    Args:
        objective, point, columns, seed, budget: see `improved`.
        width: how far the first generation is spread.
        evaluations: how many points to try, at most.
        enough: a loss that is small enough.
        watch: called after each generation, with the best so far.

    Returns:
        The point, and its loss.
    """
    cma = extra("cma", "a search without derivatives")
    strategy = cma.CMAEvolutionStrategy(
        point[columns],
        width,
        {
            "bounds": [0, 1],
            "seed": seed + 1,  # 0 stands for the time
            "maxfevals": evaluations,
            "ftarget": enough,
            "verbose": -9,
        },
    )
    best, loss = point, objective.value(point)
    while not strategy.stop():
        budget.check(objective.problem.evaluations)
        asked = np.array(strategy.ask())
        tried = np.repeat(point[None], len(asked), axis=0)
        tried[:, columns] = asked
        losses = objective.values(tried)
        strategy.tell(list(asked), np.nan_to_num(losses, posinf=1e300).tolist())
        if losses.min() < loss:
            best, loss = tried[losses.argmin()], float(losses.min())
        if watch is not None:
            watch(loss, best)
    return best, loss
