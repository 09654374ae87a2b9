"""`python -m tests.corpus` writes every file of the corpus from its generator."""

from tests.corpus.files import generated, generators

for path in generators():
    path.with_name(path.stem.removeprefix("make_") + ".jsonl").write_text(generated(path), "utf-8")
