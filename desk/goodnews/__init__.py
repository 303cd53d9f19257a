"""What the desk does with schools' stories: doors to the room on one side, content and letters on the other."""
