"""The real server over real pipes, with the initialize params that six real editors send."""
