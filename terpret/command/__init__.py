"""What commands that train and measure runs have in common, and `terpret train` and `evaluate`."""
