#!/usr/bin/python3 -I
"""What the image and the composite action start."""

from runner.cli.container import main

raise SystemExit(main())
