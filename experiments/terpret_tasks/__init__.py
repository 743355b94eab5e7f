"""The TerpreT report's benchmark: twelve tasks of four interpreters, and the parity chain.

python -m experiments.terpret_tasks [--seed=0] [--out=FOLDER]      # writes their data
python -m experiments.terpret_tasks.enough [--task=NAME,...]       # chooses training instances
python -m experiments.terpret_tasks.measure [--task=NAME,...]      # solves them, and tables it
"""
