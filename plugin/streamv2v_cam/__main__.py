"""`python -m streamv2v_cam`: the same as the command `streamv2v-cam`."""

from .cli import main

if __name__ == "__main__":
    main()
