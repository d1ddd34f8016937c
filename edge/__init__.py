"""HemoCam's application on the device: camera → frame → gate → prepare → infer → decode → count → record → show."""
