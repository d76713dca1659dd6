"""The networks of a Spectra run in PyTorch: they load `model.safetensors` and give the same features and completions.

    from pytorch_model import load, padded
    model = load("runs/m10")                    # torch and safetensors are all it needs
    h = model.encode(padded(scaled, model))     # features, [rows, bottleneck]
    y = model.complete(inputs, z)               # cells of the map, z [rows, latent] of unit length walked by Z

`scaled` are coefficients up to the order of the run's maps after its scaler (both in `run.json`), in the map's layout. A network
sees a map's cells and then a mask of as many, one where a cell is hidden or disturbed; `padded` adds a mask that marks nothing.

`python pytorch_model.py RUN INPUTS FEATURES [Z COMPLETIONS]` does this for raw little-endian f32 files, row by row; the first
is named by its shape, as in `maps.908x286`.
"""

import pathlib
import sys
import tomllib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.rise, self.fall = nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return x + self.fall(F.gelu(self.rise(self.norm(x))))


class Stack(nn.Module):
    def __init__(self, first, width, depth, last):
        super().__init__()
        self.input, self.output = nn.Linear(first, width), nn.Linear(width, last)
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        return self.output(F.gelu(self.norm(self.blocks(self.input(x)))))


class Walker(nn.Module):
    """Z: from (h, z) to the next z and the length of the step."""

    def __init__(self, network, features):
        super().__init__()
        widths = [features + network["latent"], *network["walker"]]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.output = nn.Linear(widths[-1], network["latent"] + 1)

    def forward(self, h, z):
        x = torch.cat([h, z], 1)
        for layer in self.hidden:
            x = F.leaky_relu(layer(x), 0.2)
        x = self.output(x)
        return F.normalize(x[:, :-1]), F.softplus(x[:, -1:])


class Model(nn.Module):
    """H, G and Z; a kind of network adds `code`, which gives h and what else G takes, and `decode`."""

    def __init__(self, network, algorithm, inputs, features):
        super().__init__()
        self.inputs, self.algorithm, self.walker = inputs, algorithm, Walker(network, features)

    def encode(self, x):
        return self.code(x)[0]

    def walk(self, h, z):
        """Eq. 4 of the paper, guided by Z alone."""
        for _ in range(self.algorithm["inference_steps"]):
            to, rho = self.walker(h, z)
            z = F.normalize(z + rho * F.normalize(to - z)) if self.algorithm["momentum"] else to
        return z

    def complete(self, x, z):
        h, *skips = self.code(x)
        return self.decode(h, self.walk(h, z), *skips)


class Dense(Model):
    """H and G of kind `dense`."""

    def __init__(self, network, algorithm, inputs, outputs):
        width, depth, bottleneck = network["width"], network["depth"], network["bottleneck"]
        super().__init__(network, algorithm, inputs, bottleneck)
        self.h = Stack(inputs, width, depth, bottleneck)
        self.g = Stack(bottleneck + network["latent"], width, depth, outputs)

    def code(self, x):
        return (F.gelu(self.h(x)),)

    def decode(self, h, z):
        return self.g(torch.cat([h, z], 1))


def level(conv, width):
    groups = next((n for n in (8, 4, 2) if width % n == 0), 1)
    return nn.ModuleDict({"conv": conv, "norm": nn.GroupNorm(groups, width)})


class Conv(Model):
    """H and G of kind `conv`, for maps of one channel that pass a dense layer on the way in and out, or fill the canvas."""

    def __init__(self, network, algorithm, inputs, outputs):
        widths = network["channels"]
        super().__init__(network, algorithm, inputs, 16 * widths[-1])
        self.skips = network["skips"]
        self.canvas = 4 << len(widths)
        direct = outputs == self.canvas**2
        self.stem = None if direct else nn.Linear(inputs, self.canvas**2)
        self.head = None if direct else nn.Linear(self.canvas**2, outputs)
        downs = zip([2 if direct else 1, *widths], widths)
        self.downs = nn.ModuleList(level(nn.Conv2d(a, b, 4, 2, 1), b) for a, b in downs)
        ups, first = widths[-2::-1], widths[-1] + network["latent"]
        firsts = [first, *(2 * width if self.skips else width for width in ups)]
        self.ups = nn.ModuleList(level(nn.ConvTranspose2d(a, b, 4, 2, 1), b) for a, b in zip(firsts, ups))
        self.last = nn.ConvTranspose2d(firsts[-1], 1, 4, 2, 1)

    def code(self, x):
        if self.stem is not None:
            x = F.leaky_relu(self.stem(x), 0.2)
        x, skips = x.view(len(x), -1, self.canvas, self.canvas), []
        for down in self.downs:
            x = F.leaky_relu(down["norm"](down["conv"](x)), 0.2)
            skips.append(x)
        return x.flatten(1), skips[:-1]

    def decode(self, h, z, skips):
        x = torch.cat([h.view(len(h), -1, 4, 4), z[:, :, None, None].expand(-1, -1, 4, 4)], 1)
        for index, up in enumerate(self.ups):
            x = F.relu(up["norm"](up["conv"](x)))
            if self.skips:
                x = torch.cat([x, skips[-1 - index]], 1)
        x = self.last(x).flatten(1)
        return x if self.head is None else self.head(F.leaky_relu(x, 0.2))


def resizing(kernels):
    """Kernels [in, out, 4, 4] without their alternating parts: with these, `upsample = "resize"` is the same network."""
    signs = torch.tensor([0.5, -0.5, 0.5, -0.5])
    kernels = kernels - (kernels * signs).sum(-1, keepdim=True) * signs
    signs = signs[:, None]
    return kernels - (kernels * signs).sum(-2, keepdim=True) * signs


def load(run):
    """The networks of a finished run folder, ready for inference."""
    run = pathlib.Path(run)
    config = tomllib.loads((run / "config.toml").read_text())
    network = config["network"]
    kind = {"dense": "Dense", "conv": "Conv"}[network["kind"]]
    weights = {}
    for name, value in load_file(run / "model.safetensors").items():
        name = name.removeprefix(f"generator.{kind}.")
        # Spectra keeps linear layers as [in, out], and calls a norm's weight and bias gamma and beta.
        name = name.replace(".gamma", ".weight").replace(".beta", ".bias")
        weights[name] = value.T if value.ndim == 2 else value
        if network.get("upsample") == "resize" and name.startswith(("ups", "last")) and value.ndim == 4:
            weights[name] = resizing(value)
    if kind == "Dense":
        inputs, outputs = weights["h.input.weight"].shape[1], weights["g.output.weight"].shape[0]
    elif "stem.weight" in weights:
        inputs, outputs = weights["stem.weight"].shape[1], weights["head.weight"].shape[0]
    else:
        outputs = (4 << len(network["channels"])) ** 2
        inputs = 2 * outputs
    model = {"Dense": Dense, "Conv": Conv}[kind](network, config["algorithm"], inputs, outputs)
    model.load_state_dict(weights)
    return model.eval()


def padded(maps, model):
    """Inputs [rows, cells and mask] from the first cells of each, with zeros for the others and nothing hidden."""
    return F.pad(maps, (0, model.inputs - maps.shape[1]))


def read(path, rows):
    return torch.frombuffer(bytearray(pathlib.Path(path).read_bytes()), dtype=torch.float32).view(rows, -1)


def write(path, rows):
    pathlib.Path(path).write_bytes(rows.contiguous().numpy().tobytes())


def main():
    run, source, features, *more = sys.argv[1:]
    model = load(run)
    rows, _count = pathlib.Path(source).suffix[1:].split("x")
    inputs = padded(read(source, int(rows)), model)
    with torch.no_grad():
        write(features, model.encode(inputs))
        if more:
            starts, completions = more
            write(completions, model.complete(inputs, read(starts, len(inputs))))


if __name__ == "__main__":
    main()
