"""MNIST-addition: numbers of handwritten digits are added, the program given or learned."""
