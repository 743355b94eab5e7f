"""The experiment `mnist_addition`: the field's table, with the program given and learned."""
