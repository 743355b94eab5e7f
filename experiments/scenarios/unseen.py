"""The unseen examples that every scenario is tested on: of which seed, and mostly how many."""

TEST_EXAMPLES = 10_000
TEST_SEED = 1_000_003
