"""What `install` does to the machine around the environment: the virtual camera, starting at login, a menu entry, OBS.

Everything is a list of steps (`linux`, `macos`, `windows`), each step a list of actions (`actions`) that know what they
do in words, do it, and take it back. What was done stands in the journal (`journal`); `host` is the only door to the
machine, so that tests give it a folder for a root.
"""
