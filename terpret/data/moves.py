"""Images moved by some pixels over a dark ground, so that few are as good as many."""

import tensorflow as tf


def moved(images: tf.Tensor, moves: tf.Tensor, most: int) -> tf.Tensor:
    """Moves images over a dark ground.

    Args:
      images: [images, height, width, ...].
      moves: where the window lies in each image with a margin of `most`, down and right, integers
        0..2 most, [images, 2].
      most: the width of the margin.

    Returns:
      Tensor of the shape of `images`.
    """
    height, width, *inner = images.shape[1:]
    wide = width + 2 * most
    framed = tf.pad(images, [[0, 0], [most, most], [most, most], *([[0, 0]] * len(inner))])
    rows, columns = tf.range(height, dtype=tf.int64), tf.range(width, dtype=tf.int64)
    window = tf.reshape(rows[:, None] * wide + columns, [1, -1])
    corners = moves[:, :1] * wide + moves[:, 1:]
    flat = tf.reshape(framed, [-1, (height + 2 * most) * wide, *inner])
    shown = tf.gather(flat, corners + window, batch_dims=1)
    return tf.reshape(shown, [-1, height, width, *inner])
