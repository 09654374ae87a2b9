"""Reports: folds over facts. They read what happened and change nothing."""
