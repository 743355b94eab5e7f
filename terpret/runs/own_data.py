"""A user's own data, read with the model that is to learn them, and the task that they are."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret import check_model
from terpret.data.examples import Examples, is_batches, read_sets
from terpret.data.file_array import FileArray, Values
from terpret.data.moves import moved
from terpret.data.streams import draws, shuffled_epochs
from terpret.errors import DataError
from terpret.language.checked import CheckedModel, Variable
from terpret.language.reads import images_read, label_names
from terpret.learning.instances import (
    TOLERANCE,
    WHITE,
    Arrays,
    Instances,
    Judge,
    instances_of,
    pixels,
)
from terpret.learning.task import Task
from terpret.runs.batches_file import TEST, TRAIN, DataFile, open_batches
from terpret.runs.config import ONE_START, Config
from terpret.runs.named_files import kept_places
from terpret.runs.setting import settings_of

Batches = Callable[[int, int, int, int], tf.data.Dataset]
# What a task without Inputs and Outputs feeds a learner, for which all instances are alike.
NOTHING = "instance"
# What it means that a program gives an OutputTensor.
WITHIN = f"numbers with a mean squared error of at most {TOLERANCE:g} of the labels' mean square"
# Pools of more bytes stay where they are, and a batch takes its images out of them.
IN_MEMORY = 2 * 1024**3
# Images by which networks are measured alone.
MEASURED_IMAGES = 10_000


@dataclasses.dataclass(frozen=True, eq=False)
class OwnData:
    """Data of a user's own, read for a model.

    Attributes:
      path: the file or folder.
      model: the model that is trained.
      training: what is learned from.
      test: what is tested on; None where that is what is learned from.
      trained_on, tested_on: what these are, in words.
      repeated: how many test instances are training instances as well.
      notes: sentences for the user.
      batches: the file, if it is one of the original TerpreT's batches.
    """

    path: str
    model: CheckedModel
    training: Instances
    test: Instances | None
    trained_on: str
    tested_on: str
    repeated: int = 0
    notes: tuple[str, ...] = ()
    batches: DataFile | None = None


def open_data(config: Config, model: str) -> OwnData:
    """Reads the data that the settings name.

    Args:
      config: the settings.
      model: the model file.

    Raises:
      ModelError, InputError, DataError: with what is wrong.
    """
    if is_batches(config.data):
        own_split = config.split != settings_of(Config)["split"].default
        if config.test_data or own_split:
            flag = "--test_data" if config.test_data else "--split"
            raise DataError(
                f"{config.data} is a file of batches, which has its own test instances in a batch "
                f"named '{TEST}': leave out {flag}"
            )
        several = config.preset in ONE_START
        return _of_batches(
            open_batches(config.data, model, config.hypers, config.hypers_file, several)
        )
    if config.hypers_file:
        raise DataError(
            f"--hypers={config.hypers_file} is for the batches of a data file: write "
            "--hypers=NAME=INTEGER"
        )
    checked = check_model(model, config.hypers)
    sets = read_sets(config.data, config.test_data, checked, config.split)
    training = instances_from(checked, sets.training)
    test = None if sets.test is None else instances_from(checked, sets.test)
    repeated = 0 if test is None else _repeated(training, test)
    kept = kept_places(config)
    trained_on = _words(training, "training ")
    if test is None:
        tested_on = trained_on
    elif sets.held_out:
        tested_on = _words(test, "held-out ")
    else:
        of = "" if "test_data" in kept else f" of {os.path.basename(sets.test_source)}"
        tested_on = _words(test, "test ") + of
    notes = [*sets.notes]
    if repeated and test is not None:
        notes.append(_not_unseen(repeated, f"{len(test):,} test examples", "training examples"))
    for setting in kept:
        # What was given as arrays the user knows by these names.
        name = setting.removesuffix("_data")
        notes = [note.replace(getattr(config, setting), name) for note in notes]
    return OwnData(
        config.data, checked, training, test, trained_on, tested_on, repeated, tuple(notes)
    )


def _of_batches(file: DataFile) -> OwnData:
    notes = []
    if file.test is not None and file.repeated:
        some = f"{len(file.test):,} test instances of {file.path}"
        notes.append(_not_unseen(file.repeated, some, "training instances"))
    return OwnData(
        path=file.path,
        model=file.model,
        training=file.training,
        test=file.test,
        trained_on=file.learned_from,
        tested_on=file.described(TRAIN if file.test is None else TEST),
        repeated=file.repeated,
        notes=tuple(notes),
        batches=file,
    )


def _not_unseen(repeated: int, tested_on: str, trained_on: str) -> str:
    """That some of what is tested on is learned from, too."""
    if repeated == 1:
        return f"one of the {tested_on} is among the {trained_on} as well, so it is not unseen"
    words = f"{repeated:,} of the {tested_on} are {trained_on} as well"
    return f"{words}, so they are not unseen"


def instances_from(model: CheckedModel, examples: Examples) -> Instances:
    """Examples as instances of a model."""
    labels = {
        name: examples.labels[network][image.name]
        for name, (network, image) in label_names(model).items()
        if image.name in examples.labels.get(network, {})
    }
    return instances_of(model, examples.arrays, examples.size, examples.pools, labels)


def _words(instances: Instances, kind: str) -> str:
    """Instances that have a label, in words."""
    count = len(instances.counted)
    words = f"the {count:,} {kind}example" + ("" if count == 1 else "s")
    return words if count == len(instances) else f"{words} with a label"


def _repeated(training: Instances, test: Instances) -> int:
    """How many test instances are training instances as well, unless there are too many to tell."""
    pools = [pool for one in (training, test) for pool in one.pools.values()]
    if sum(pool.nbytes for pool in pools) > IN_MEMORY:
        return 0
    known = set(_fingerprints(training))
    return sum(one in known for one in _fingerprints(test))


def _fingerprints(instances: Instances) -> Iterator[bytes]:
    """What tells instances apart: a digest of all that each has."""
    pools = {
        name: [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
        for name, images in instances.pools.items()
    }
    arrays = {**instances.inputs, **instances.answers}
    for number in range(len(instances)):
        digest = hashlib.blake2b(digest_size=16)
        for name, values in arrays.items():
            one = values[number]
            if name in pools:
                for image in np.ravel(one):
                    digest.update(pools[name][image])
            else:
                digest.update(np.ascontiguousarray(one).tobytes())
        yield digest.digest()


def own_task(data: OwnData) -> Task:
    """The task of learning a user's own data.

    What is learned from decides what is correct, by labels of the images where they are given; what
    is tested on decides nothing. Where networks read images without labels, nothing tells whether a
    program is correct.
    """
    training, test = data.training, data.test
    known = labelled(training)
    judged, judged_on = training, data.trained_on
    if known is not None:
        judged = known
        judged_on = f"the labels of the images of {_words(known, 'training ')}"
    return Task(
        name=os.path.splitext(os.path.basename(os.path.normpath(data.path)))[0],
        batches=_stream(training),
        test_set=training if test is None else test,
        tested_on=data.tested_on,
        symbols=Judge(judged, by_labels=known is not None),
        images=labelled_images(training if test is None else test),
        sources={"data": data.path},
        unseen=test is not None,
        judged_on=judged_on + (f", {WITHIN}" if training.squares else ""),
        verifiable=known is not None or not reads_images(data.model),
        refuse_changed=lambda: _refuse_changed(training),
    )


def reads_images(model: CheckedModel) -> bool:
    """Whether networks that the model applies take tensors."""
    applied = images_read(model)
    return any(
        network.name in applied and not all(isinstance(one, int) for one in network.inputs)
        for network in model.networks
    )


def labelled(instances: Instances) -> Instances | None:
    """The instances of whose images every label is known; None where there are none."""
    names = label_names(instances.model)
    if not names or not names.keys() <= instances.labels.keys():
        return None
    known = np.ones(len(instances), bool)
    for values in instances.labels.values():
        known &= (values >= 0).reshape(len(instances), -1).all(1)
    places = instances.counted[known[instances.counted]]
    return instances.part(places) if len(places) else None


def labelled_images(instances: Instances) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    """Images with what each network should say of them, as many as measuring takes."""
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for label, (network, variable) in label_names(instances.model).items():
        if label not in instances.labels:
            continue
        labels, shown = instances.labels[label].ravel(), instances.inputs[variable.name]
        known = np.flatnonzero(labels >= 0)[:MEASURED_IMAGES]
        if variable.name in instances.pools:
            images = instances.pools[variable.name][shown.ravel()[known]]
        else:
            images = shown.reshape(len(labels), *_shape(variable))[known]
        if len(known):
            found.setdefault(network, []).append((pixels(images), labels[known]))
    return {network: _joined(pairs) for network, pairs in found.items()}


def _joined(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    images, labels = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return images[:MEASURED_IMAGES], labels[:MEASURED_IMAGES]


def _shape(variable: Variable) -> Sequence[int]:
    assert not isinstance(variable.domain, int)
    return variable.domain


def _stream(instances: Instances) -> Batches:
    """The endless training stream of a task: see `Task.batches`."""
    arrays: Arrays = {**instances.inputs, **instances.answers}
    size = len(instances)

    def batches(seed: int, batch_size: int, start: int, shift: int) -> tf.data.Dataset:
        # Constants of their own: a graph that holds them could get too large.
        held = {name: tf.constant(value) for name, value in arrays.items()}
        pools = {name: _held(pool) for name, pool in instances.pools.items()}

        def batch(number: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
            numbers = start + number * batch_size + tf.range(batch_size, dtype=tf.int64)
            chosen = shuffled_epochs(seed, numbers, size)
            values = {name: tf.gather(value, chosen) for name, value in held.items()}
            first, whole = 0, tf.constant(True)
            for name, pool in pools.items():
                places = values[name]
                images, there = _taken(pool, tf.reshape(places, [-1]))
                whole &= there
                # The numbers of vectors and of other tensors are what they are: none is moved.
                if shift and images.dtype.is_integer and len(pool.shape) > 2:
                    each = int(np.prod(places.shape[1:]))
                    moves = draws(seed, numbers, 2 * each, 2 * shift + 1, first)
                    images = moved(images, tf.reshape(moves, [-1, 2]), shift)
                    first += 2 * each
                values[name] = tf.reshape(_shown(images), [*places.shape, *pool.shape[1:]])
            return values or {NOTHING: chosen}, whole

        read = tf.data.Dataset.counter(dtype=tf.int64).map(batch)
        if not all(map(tf.is_tensor, pools.values())):
            # An error in the stream would leave it reading while it is taken down, which both wait
            # for each other then; its end does not.
            read = read.take_while(lambda _, whole: whole)
        return read.map(lambda values, _: values).prefetch(8)

    return batches


def _held(pool: Values) -> Values | tf.Tensor:
    """A pool in memory, if it is not too large for that."""
    return tf.constant(np.asarray(pool)) if pool.nbytes <= IN_MEMORY else pool


def _taken(pool: Values | tf.Tensor, places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Images of a pool [places, *shape], and whether they could be read.

    Of a large pool only these are read.
    """
    if tf.is_tensor(pool):
        return tf.gather(pool, places), tf.constant(True)

    def read(chosen: np.ndarray) -> tuple[np.ndarray, bool]:
        try:
            return pool[chosen], True
        except DataError:
            return np.zeros((len(chosen), *pool.shape[1:]), pool.dtype), False

    images, there = tf.numpy_function(read, [places], [pool.dtype, tf.bool])
    images = tf.ensure_shape(images, [*places.shape, *pool.shape[1:]])
    return images, tf.ensure_shape(there, [])


def _refuse_changed(instances: Instances) -> None:
    for pool in instances.pools.values():
        if isinstance(pool, FileArray):
            pool.file.refuse_changed()


def _shown(images: tf.Tensor) -> tf.Tensor:
    """Images as a model takes them; see `pixels`."""
    if images.dtype.is_integer:
        return tf.cast(images, tf.float32) * (1.0 / WHITE)
    return tf.cast(images, tf.float32)
