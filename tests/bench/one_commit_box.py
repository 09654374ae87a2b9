"""`edgebox` as it would be with a commit for every fact, however many wait: the same otherwise."""

from edge import writer
from edge.__main__ import main

if __name__ == "__main__":
    writer.BATCH_MAX = 1
    main()
