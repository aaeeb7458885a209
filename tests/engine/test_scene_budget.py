"""As many scenes at once as the memory budget allows."""

from dscvsr_cli.engine.scene_budget import budget_scenes
from dscvsr_cli.engine.stream_plan import NetworkCost, StreamPlan, peak_bytes
from dscvsr_cli.geometry import Size

SOURCE, TARGET = Size(180, 320), Size(360, 640)
COST = NetworkCost(feature_channels=64, workspace_channels=900)
PLAN = StreamPlan(window=24, look_ahead=8)
ONE = peak_bytes(PLAN, SOURCE, TARGET, COST)
WINDOW = 24 + 8 + 1


def test_plenty_of_memory_gives_every_scene_that_is_wanted() -> None:
    found = budget_scenes(PLAN, SOURCE, TARGET, COST, budget_bytes=2**40, wanted=4)
    assert found.at_once == 4
    assert found.ahead == 2 * WINDOW


def test_scenes_and_the_frames_between_them_stay_within_the_budget() -> None:
    counts = []
    for budget in range(ONE, 6 * ONE, ONE // 5):
        found = budget_scenes(PLAN, SOURCE, TARGET, COST, budget_bytes=budget, wanted=4)
        counts.append(found.at_once)
        waiting = found.at_once * found.ahead * SOURCE.height * SOURCE.width
        made = (found.at_once - 1) * found.ahead * TARGET.height * TARGET.width
        if found.at_once > 1:
            assert found.at_once * ONE + 12 * (waiting + made) <= budget
            assert found.ahead >= WINDOW
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert counts[-1] == 4


def test_one_scene_needs_nothing_beside_its_plan() -> None:
    assert budget_scenes(PLAN, SOURCE, TARGET, COST, budget_bytes=0, wanted=8).at_once == 1
