"""Our own simulated terminals as programs that the kit can test, and a model for anybody's.

python -m simulators.conform.tills handheld
python -m simulators.conform.tills pc_pos
"""
