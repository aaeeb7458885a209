"""Enlarge a clip with onnxruntime and numpy alone, from the graphs that dscvsr exports.

::

    dscvsr weights export dscvsr-lite --format onnx --input 320x180 --scale 2 -o graphs
    python enlarge_with_onnxruntime.py graphs frames.npy enlarged.npy

``frames.npy`` holds one scene: ``(T, H, W, 3)`` uint8 RGB. So does what is written.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


class Graphs:
    """The exported graphs, ready to run."""

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "graphs.json").read_text())
        self.state_shape = (1, about["channels"], about["input"]["height"], about["input"]["width"])
        self.sessions = {
            name: onnxruntime.InferenceSession(
                str(folder / file), providers=["CPUExecutionProvider"]
            )
            for name, file in about["graphs"].items()
        }

    def run(self, name: str, **inputs: np.ndarray) -> np.ndarray:
        """Run one graph, which gives one array."""
        return self.sessions[name].run(None, inputs)[0]

    def walk(self, direction: str, frames: np.ndarray) -> list[np.ndarray]:
        """Run one pass over a scene -> the state at every frame."""
        order = range(len(frames)) if direction == "forward" else reversed(range(len(frames)))
        states = [np.empty(0)] * len(frames)
        state, previous = np.zeros(self.state_shape, np.float32), None
        for place in order:
            frame = frames[place : place + 1]
            state = self.run(
                f"{direction}_filled" if place % 2 else direction,
                frame=frame,
                previous_frame=frame if previous is None else previous,
                previous_state=state,
            )
            states[place], previous = state, frame
        return states


def enlarge(folder: Path, clip: np.ndarray) -> np.ndarray:
    """Enlarge one scene ``(T, H, W, 3)`` uint8 -> ``(T, sH, sW, 3)`` uint8."""
    graphs = Graphs(folder)
    frames = np.ascontiguousarray(clip.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    made = []
    passes = graphs.walk("backward", frames), graphs.walk("forward", frames)
    for place, (backward, forward) in enumerate(zip(*passes, strict=True)):
        picture = graphs.run(
            "reconstruct",
            frame=frames[place : place + 1],
            backward_state=backward,
            forward_state=forward,
        )
        made.append(np.rint(picture[0].clip(0, 1).transpose(1, 2, 0) * 255).astype(np.uint8))
    return np.stack(made)


if __name__ == "__main__":
    np.save(sys.argv[3], enlarge(Path(sys.argv[1]), np.load(sys.argv[2])))
