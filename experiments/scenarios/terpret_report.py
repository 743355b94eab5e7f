"""The models of the TerpreT report, which learn from data files: their listings are known."""

from ntpt_models import LISTING
from terpret.runs.scenario import Scenario

TURING = Scenario(name="turing", listing=LISTING)
CIRCUIT = Scenario(name="circuit", listing=LISTING)
_NO_OP = {"instructions": 0}
BASIC_BLOCK = Scenario(name="basic_block", listing=LISTING, no_op=_NO_OP)
ASSEMBLY = Scenario(name="assembly", listing=LISTING, no_op=_NO_OP)
PARITY_CHAIN = Scenario(name="parity_chain", listing=LISTING)
