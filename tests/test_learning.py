"""Update rules, noise, the independence of restarts, and what a method's settings do."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from terpret import InputError, Library, compile_model
from terpret.language.errors import Source
from terpret.learning.attempts import Attempts
from terpret.learning.cycles import Cycles
from terpret.learning.judging import Judgement, judged
from terpret.learning.layers import row_layers
from terpret.learning.learner import Learner, Pretrained, SharedNetworks
from terpret.learning.method import Method
from terpret.learning.noise import gumbel, keys, normal, uniform
from terpret.learning.optimise import clip_by_restart, entropies, momentum, rmsprop, sgd
from terpret.learning.presets import PRESETS
from tests.small_models import NETWORKED, TINY, networked_batch, tiny_batch

PLAIN = Method(optimiser="sgd", program_rate=0.1, network_rate=0.1, batch_size=4, updates=10)


def learner_of(method: Method, text: str = TINY, restarts: int = 3, **options: object) -> Learner:
    model = compile_model(Source("m.py", text), restarts=restarts, dtype=tf.float64, seed=1)
    return Learner(model, method, 1, options.pop("examples", 10_000), xla=False, **options)


def test_rmsprop_begins_like_tensorflow_0_12() -> None:
    """The mean square starts at 1, so the first change is proportional to the gradient."""
    method = PRESETS["ntpt"]
    gradient = tf.constant([[0.01, 1.0]], tf.float64)
    change, slots = rmsprop(
        gradient, [tf.ones_like(gradient)], tf.constant(1.0), tf.constant(0.1, tf.float64), method
    )
    square = 0.9 + 0.1 * gradient**2
    np.testing.assert_allclose(slots[0], square)
    np.testing.assert_allclose(change, 0.1 * gradient / np.sqrt(square + 1e-10))


def test_momentum_adds_past_gradients_up() -> None:
    method = dataclasses.replace(PLAIN, momentum=0.5)
    gradient, one = tf.constant([2.0]), tf.constant(1.0)
    change, slots = momentum(gradient, [tf.constant([4.0])], one, tf.constant(0.1), method)
    np.testing.assert_allclose(change, [0.4])
    np.testing.assert_allclose(slots[0], [4.0])
    np.testing.assert_allclose(sgd(gradient, [], one, tf.constant(0.1), method)[0], [0.2])


def test_clipping_is_by_restart() -> None:
    gradients = [tf.constant([[3.0, 0.0], [0.3, 0.0]]), tf.constant([[4.0], [0.4]])]
    clipped = clip_by_restart(gradients, 1.0)
    np.testing.assert_allclose(clipped[0], [[0.6, 0.0], [0.3, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(clipped[1], [[0.8], [0.4]], rtol=1e-6)


def test_the_entropy_is_the_marginals_and_not_the_raw_logits() -> None:
    logits = tf.constant([[0.0, 0.0], [5.0, 5.0], [100.0, 0.0]])
    np.testing.assert_allclose(entropies([logits]), [np.log(2), np.log(2), 0], atol=1e-6)


def test_the_entropy_bonus_keeps_marginals_flat_and_decays() -> None:
    """Without data to learn from (all labels masked) the bonus alone moves the logits."""
    batch = {"x": tf.constant([0, 1, 2, 0]), "y": tf.constant([-1, -1, -1, -1])}
    held = learner_of(dataclasses.replace(PLAIN, entropy=1.0, program_rate=0.5))
    gone = learner_of(dataclasses.replace(PLAIN, entropy=1.0, entropy_decay=50.0, program_rate=0.5))
    for learner in (held, gone):
        before = entropies(learner.model.param_logits.values())
        for _ in range(30):
            learner.step(batch)
        gain = entropies(learner.model.param_logits.values()) - before
        assert np.all(gain > 0)
        learner.gain = float(tf.reduce_mean(gain))
    assert held.gain > 3 * gone.gain


def test_gradient_noise_has_the_stated_variance_and_reaches_the_program_only() -> None:
    """variance / (1 + t)^gamma on the Params' gradient, none on the networks'."""
    method = dataclasses.replace(
        PLAIN, gradient_noise=0.3, gradient_noise_decay=0.55, program_rate=1.0
    )
    noisy, plain = (learner_of(m, NETWORKED, 1000) for m in (method, PLAIN_RATE_1))
    for t in range(2):
        starts = [v.numpy() for v in noisy.model.trainable_variables]
        for variable, start in zip(plain.model.trainable_variables, starts, strict=True):
            variable.assign(start)
        for learner in (noisy, plain):
            learner.step(networked_batch())
        logits = [learner.model.param_logits["q"].numpy() for learner in (noisy, plain)]
        variance = np.var(logits[0] - logits[1])
        assert variance == pytest.approx(0.3 / (1 + t) ** 0.55, rel=0.05)
        weights = [learner.model.network_variables[0].numpy() for learner in (noisy, plain)]
        np.testing.assert_array_equal(*weights)


PLAIN_RATE_1 = dataclasses.replace(PLAIN, program_rate=1.0)


def test_noise_depends_on_restart_and_update_alone() -> None:
    many, one = keys(7, "noise", range(5)), keys(7, "noise", [3])
    steps = tf.constant([10.0] * 5)
    drawn = uniform(many, steps, [4, 6], tf.float32)
    np.testing.assert_array_equal(drawn[3:4], uniform(one, steps[:1], [4, 6], tf.float32))
    assert len(np.unique(drawn)) > 0.99 * 5 * 24
    later = uniform(many, steps + 1, [4, 6], tf.float32)
    assert np.all(later != drawn)
    big = uniform(one, steps[:1], [100_000], tf.float64)
    assert abs(float(tf.reduce_mean(big)) - 0.5) < 0.005
    assert 0 < float(tf.reduce_min(big)) and float(tf.reduce_max(big)) < 1


def test_normal_noise_is_normal_and_foretells_no_other() -> None:
    key, step = keys(7, "noise", [3]), tf.constant([10.0])
    drawn = normal(key, step, [100_000], tf.float64)[0].numpy()
    assert np.mean(drawn) == pytest.approx(0, abs=0.02)
    assert np.std(drawn) == pytest.approx(1, abs=0.02)
    assert np.mean(drawn > 1.96) == pytest.approx(0.025, abs=0.003)
    other = gumbel(key, step, [100_000], tf.float64)[0].numpy()
    assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.02


@pytest.mark.parametrize("text", [TINY, NETWORKED], ids=["tiny", "networked"])
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_restart_k_alone_is_restart_k_among_others(preset: str, text: str) -> None:
    """To 1e-6 over 20 steps in float64, whatever the method."""
    method = PRESETS[preset]
    length = {field: 10 for field in ("attempt", "cycle") if hasattr(method.strategy, field)}
    strategy = dataclasses.replace(method.strategy, **length)
    method = dataclasses.replace(method, strategy=strategy)
    batch = tiny_batch() if text is TINY else networked_batch()
    paths = []
    for numbers in ([2], [0, 1, 2, 3]):
        learner = learner_of(method, text, len(numbers), numbers=numbers)
        row = numbers.index(2)
        for _ in range(20):
            losses = learner.step(batch)
        paths.append([losses[row], *(v[row] for v in learner.model.trainable_variables)])
    for first, second in zip(*paths, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_restart_that_begins_later_in_a_row_is_the_same_restart() -> None:
    """Nothing of the one before is left: values, slots, noise, number of updates."""
    method = PRESETS["robust"]
    late, early = learner_of(method, NETWORKED), learner_of(method, NETWORKED, numbers=[0, 9, 2])
    for _ in range(5):
        late.step(networked_batch())
    late.begin(1, 9, 10_000)
    for _ in range(5):
        late.step(networked_batch())
        early.step(networked_batch())
    for first, second in zip(
        late.model.trainable_variables, early.model.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(first[1], second[1], atol=1e-12)


def test_a_stopped_row_stays_as_it_is_and_the_others_go_on() -> None:
    learner = learner_of(PRESETS["robust"], NETWORKED)
    learner.step(networked_batch())
    learner.active[1].assign(False)
    before = [v.numpy() for v in learner.model.trainable_variables]
    learner.step(networked_batch())
    for old, new in zip(before, learner.model.trainable_variables, strict=True):
        np.testing.assert_array_equal(old[1], new[1])
        assert np.any(old[0] != new[0])
    assert learner.steps.numpy().tolist() == [2, 1, 2]


def test_a_restart_stops_by_itself_below_the_loss() -> None:
    learner = learner_of(dataclasses.replace(PRESETS["ntpt"], stop_below_loss=0.5))
    for _ in range(200):
        losses = learner.step(tiny_batch()).numpy()
    stopped = ~learner.active.numpy()
    assert np.any(stopped)
    np.testing.assert_array_equal(stopped, losses < 0.5)


def test_a_loss_that_is_no_number_stops_its_restart_alone() -> None:
    learner = learner_of(PRESETS["ntpt"])
    learner.model.param_logits["q"][1].assign(tf.fill([2, 3], tf.constant(np.nan, tf.float64)))
    learner.step(tiny_batch())
    assert learner.active.numpy().tolist() == [True, False, True]
    assert np.all(np.isfinite(learner.model.param_logits["q"][0]))


def test_frozen_networks_stay_and_then_learn_each_for_itself() -> None:
    """Shared in the first phase, a network a restart in the second; the program learns in both."""
    source, method = Source("m.py", NETWORKED), PRESETS["ntpt"]
    given = row_layers(compile_model(source, dtype=tf.float64, seed=5), 0)
    model = compile_model(source, restarts=3, dtype=tf.float64)
    library = Library(1, dtype=tf.float64)
    frozen = compile_model(source, restarts=3, library=library, params_of=model, dtype=tf.float64)
    pretrained = Pretrained(given, 64, frozen)
    learner = Learner(model, method, 0, 1000, xla=False, pretrained=pretrained)
    unfrozen = learner_of(method, NETWORKED, pretrained=Pretrained(given))
    np.testing.assert_allclose(
        frozen.emit_losses(networked_batch()), model.emit_losses(networked_batch()), atol=1e-12
    )
    batches = iter(tf.data.Dataset.from_tensors(networked_batch()).repeat())
    start = model.param_logits["q"].numpy()
    learner.run(batches, 2, frozen=True)
    assert np.all(np.any(model.param_logits["q"].numpy() != start, axis=1))
    kernel = model.networks["net"].kernels[0]
    for row in range(3):
        np.testing.assert_array_equal(kernel[row], given["net"][0][0])
    learner.run(batches, 2)
    assert np.all(np.any(kernel.numpy() != given["net"][0][0], axis=(1, 2)))
    assert np.any(kernel[0] != kernel[1])
    unfrozen.run(batches, 2)
    assert np.any(unfrozen.model.networks["net"].kernels[0][0] != given["net"][0][0])


def test_a_tiny_program_is_learned() -> None:
    model = compile_model(Source("tiny.py", TINY), restarts=8, seed=3)
    learner = Learner(model, PRESETS["robust"], 3, 64 * 600, xla=False)
    batches = iter(tf.data.Dataset.from_tensors(tiny_batch()).repeat())
    losses = learner.run(batches, 600)
    assert float(tf.reduce_max(learner.step(tiny_batch()))) < float(tf.reduce_mean(losses))
    programs = [model.program(k).values for k in range(8)]
    solved = [p for p in programs if p["p"] == 0 and p["q"][0] == 1]
    assert len(solved) >= 6


CYCLES = Cycles(cycle=100, decaying=0.5, logit_decay=0.1)
CYCLIC = dataclasses.replace(PLAIN, strategy=CYCLES)
# Nothing was observed: the gradient is 0, and only forgetting moves a logit.
MASKED = {"x": tf.constant([0, 1, 2, 0]), "y": tf.constant([-1, -1, -1, -1])}


@pytest.mark.parametrize(
    ("steps", "kept"), [(0, [1, 1, 1]), (100, [0.9, 0.95, 1]), (160, [1, 1, 1])]
)
def test_a_restart_forgets_by_its_loss_early_in_every_cycle_but_the_first(
    steps: int, kept: list[float]
) -> None:
    learner = learner_of(CYCLIC)
    before = {name: value.numpy() for name, value in learner.model.param_logits.items()}
    learner.steps.assign([steps] * 3)
    learner.finder.mean_loss.assign([3.0, 0.5, 0.0])
    learner.step(MASKED)
    for name, value in learner.model.param_logits.items():
        expected = [part * row for part, row in zip(kept, before[name], strict=True)]
        np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_what_is_forgotten_makes_room_for_normal_numbers() -> None:
    """Their deviation stays `noise_scale`, however often a restart forgets."""
    learner = learner_of(
        dataclasses.replace(PLAIN, strategy=dataclasses.replace(CYCLES, noise_scale=0.5)),
        restarts=1000,
    )
    for update in range(100, 145):
        learner.steps.assign([update] * 1000)
        learner.finder.mean_loss.assign([1.0] * 1000)
        learner.step(MASKED)
    logits = learner.model.param_logits["q"].numpy()
    assert np.std(logits) == pytest.approx(0.5, rel=0.05)
    assert np.mean(logits) == pytest.approx(0, abs=0.03)


def test_the_level_is_the_mean_loss_as_a_part_of_a_guess_loss() -> None:
    learner = learner_of(CYCLIC)
    losses = learner.step(tiny_batch())
    assert float(learner.model.emit_guess_loss(tiny_batch())) == pytest.approx(np.log(3))
    np.testing.assert_allclose(learner.finder.mean_loss, 0.95 + 0.05 * losses / np.log(3))


def test_models_share_the_networks_of_a_library() -> None:
    library = Library(restarts=2)
    first = compile_model(Source("a.py", NETWORKED), library=library, restarts=2)
    second = compile_model(Source("b.py", NETWORKED), library=library, restarts=2)
    assert first.networks["net"] is second.networks["net"]
    assert first.param_logits["q"] is not second.param_logits["q"]


def test_a_curriculum_shares_one_program_under_several_hypers() -> None:
    text = TINY.replace("p = Param(2)", "T = Hyper(1)\np = Param(2)")
    first = compile_model(Source("t.py", text), {"T": 1}, restarts=2)
    second = compile_model(Source("t.py", text), {"T": 4}, restarts=2, params_of=first)
    assert second.param_logits["q"] is first.param_logits["q"]
    learner = Learner(second, PRESETS["ntpt"], 0, 1000, xla=False)
    before = first.param_logits["q"].numpy()
    learner.step(tiny_batch())
    assert np.any(first.param_logits["q"].numpy() != before)
    with pytest.raises(InputError, match="the Param 'p' is not alike in both models"):
        compile_model(Source("n.py", NETWORKED), restarts=2, params_of=first)


THREE = Attempts(attempt=3, stuck_below=0.5)
ATTEMPTS = dataclasses.replace(PLAIN, strategy=THREE, dirichlet=2.0)


def first_weights(learner: Learner) -> np.ndarray:
    """The weights of a network's first layer, [row, numbers]."""
    values = learner.model.network_variables[0].numpy()
    return values.reshape(len(values), -1)


def test_who_is_stuck_at_the_end_of_an_attempt_tries_again() -> None:
    """With the networks it has, unless these have collapsed."""
    method = dataclasses.replace(ATTEMPTS, optimiser="adam", decay=0.999)
    learner = learner_of(method, NETWORKED, restarts=4)
    for _ in range(2):
        learner.step(networked_batch())
    assert not learner.attempts_ended.any()
    learner.step(networked_batch())
    assert learner.attempts_ended.all()
    logits = learner.model.param_logits["q"]
    program, network = logits.numpy(), first_weights(learner)
    accuracies, collapsed = np.array([0.2, 0.5, 0.9, 0.2]), np.array([False, True, False, True])
    learner.judge(Judgement(accuracies, collapsed))
    np.testing.assert_array_equal(learner.finder.settled, [False, True, True, False])
    np.testing.assert_array_equal(learner.finder.attempt, [1, 0, 0, 1])
    np.testing.assert_array_equal(np.any(logits != program, -1), [True, False, False, True])
    changed = np.any(first_weights(learner) != network, -1)
    np.testing.assert_array_equal(changed, [False, False, False, True])
    np.testing.assert_array_equal(learner.finder.untaught, [False, True, True, True])
    assert not learner.attempts_ended.any()
    for _ in range(3):
        learner.step(networked_batch())
    np.testing.assert_array_equal(learner.attempts_ended, [True, False, False, True])


def test_an_attempt_is_the_same_whoever_learns_beside_it() -> None:
    both, alone = (learner_of(ATTEMPTS, restarts=2), learner_of(ATTEMPTS, restarts=1, numbers=[1]))
    for learner in (both, alone):
        for _ in range(3):
            learner.step(tiny_batch())
        rows = learner.model.restarts
        learner.judge(Judgement(np.zeros(rows), np.zeros(rows, bool)))
        learner.step(tiny_batch())
    for name, logits in both.model.param_logits.items():
        np.testing.assert_array_equal(logits[1], alone.model.param_logits[name][0])


def test_networks_that_know_something_wait_while_the_program_is_undecided() -> None:
    method = dataclasses.replace(ATTEMPTS, strategy=dataclasses.replace(THREE, attempt=4, wait=0.5))
    for known, waits in ((["net"], True), ([], False)):
        learner = learner_of(method, NETWORKED, restarts=1, shared=SharedNetworks(taught=known))
        moved = []
        for _ in range(4):
            before = first_weights(learner)
            learner.step(networked_batch())
            moved.append(bool(np.any(first_weights(learner) != before)))
        assert moved == [not waits, not waits, True, True]
        learner.judge(Judgement(np.zeros(1), np.zeros(1, bool)))
        before = first_weights(learner)
        learner.step(networked_batch())
        np.testing.assert_array_equal(first_weights(learner), before)


def test_a_network_has_a_learning_rate_multiplier_of_its_own() -> None:
    multiplier = tf.Variable(tf.constant([1.0, 0.0], tf.float64))
    learner = learner_of(
        PLAIN, NETWORKED, restarts=2, shared=SharedNetworks(multipliers={"net": multiplier})
    )
    before = first_weights(learner)
    learner.step(networked_batch())
    np.testing.assert_array_equal(np.any(first_weights(learner) != before, -1), [True, False])


def test_there_is_noise_where_the_networks_know_something_and_none_where_they_are_new() -> None:
    method = dataclasses.replace(
        ATTEMPTS, strategy=dataclasses.replace(THREE, attempt=10), gumbel=1.0
    )

    def noisy(**options: object) -> bool:
        learner = learner_of(method, NETWORKED, restarts=1, **options)
        plain = learner_of(PLAIN, NETWORKED, restarts=1)
        for name, logits in plain.model.param_logits.items():
            logits.assign(learner.model.param_logits[name])
        losses = [one.step(networked_batch()).numpy() for one in (learner, plain)]
        return not np.allclose(*losses)

    assert not noisy()
    assert noisy(shared=SharedNetworks(taught=["net"]))


def test_a_network_that_says_the_same_of_nearly_all_images_has_collapsed() -> None:
    learner = learner_of(PLAIN, NETWORKED, restarts=2)
    last = learner.model.networks["net"].biases[-1]
    last[0].assign([50.0, 0.0, 0.0])
    found = judged(learner.model, [0], networked_batch())
    np.testing.assert_array_equal(found.collapsed, [True, False])
    program = learner.model.program(0)
    answers = networked_batch()["y"].numpy()
    assert found.accuracies[0] == np.mean(program.values["q"] % 3 == answers)
    assert found.accuracies[1] == 1
