"""Facts out as letters, news in: the box's side of the cloud membership API."""
