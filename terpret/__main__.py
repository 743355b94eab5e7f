"""`python -m terpret`: the command `terpret`, where no installation has put it in PATH."""

if __name__ == "__main__":
    from terpret import console

    console.main("python -m terpret")
