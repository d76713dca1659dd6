"""One whole step of Algorithm 1 in PyTorch: the peer of `cargo bench -p spectra-model --bench step`.

Same networks, losses, batch size, l, updates of Z and Adam as the preset; weights and maps are drawn here, since only time is compared.
Prints the same CSV. `--plain` computes what the code adds to each layer anew for each z, as a straightforward program would;
without it, once per batch, as Spectra does. `--compile` compiles the networks.

    python benches/peers/torch_step.py paper 64 4 10 2 [--plain] [--compile] [--device cuda] [--bf16] [--block 10]

`--block` times so many steps at once, between which nothing is read back from the device; a row is then the mean of a block.
"""

import argparse
import pathlib
import resource
import time
import tomllib

import torch
import torch.nn.functional as F
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
        self.blocks = nn.Sequential(*[Residual(width) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def after_input(self, x):
        return self.output(F.gelu(self.norm(self.blocks(x))))

    def forward(self, x):
        return self.after_input(self.input(x))


class Dense(nn.Module):
    def __init__(self, net, cells):
        super().__init__()
        self.features = net["bottleneck"]
        self.h = Stack(2 * cells, net["width"], net["depth"], self.features)
        self.g = Stack(self.features + net["latent"], net["width"], net["depth"], cells)

    def encode(self, x):
        return F.gelu(self.h(x)), []

    def prepare(self, h, skips):
        return F.linear(h, self.g.input.weight[:, : self.features], self.g.input.bias), []

    def finish(self, prepared, z):
        return self.g.after_input(prepared[0] + F.linear(z, self.g.input.weight[:, self.features :]))

    def decode(self, h, skips, z):
        return self.g(torch.cat([h, z], 1))


class Conv(nn.Module):
    def __init__(self, net, side):
        super().__init__()
        widths, self.latent = net["channels"], net["latent"]
        canvas = 4 << len(widths)
        direct = side == canvas
        self.canvas = canvas
        self.stem = None if direct else nn.Linear(2 * side * side, canvas * canvas)
        self.head = None if direct else nn.Linear(canvas * canvas, side * side)
        ins = [2 if direct else 1] + widths[:-1]
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(ins, widths))
        self.down_norms = nn.ModuleList(nn.GroupNorm(8, b) for b in widths)
        ups = widths[:-1][::-1]
        ins = [widths[-1] + self.latent] + [2 * a for a in ups]
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in zip(ins, ups + [1]))
        self.up_norms = nn.ModuleList(nn.GroupNorm(8, b) for b in ups)
        self.channels, self.features = widths[-1], widths[-1] * 16

    def encode(self, x):
        if self.stem is not None:
            x = F.leaky_relu(self.stem(x), 0.2)
        x = x.view(len(x), -1, self.canvas, self.canvas)
        skips = []
        for conv, norm in zip(self.downs, self.down_norms):
            x = F.leaky_relu(norm(conv(x)), 0.2)
            skips.append(x)
        return x.flatten(1), skips[:-1]

    def part(self, level, x, first, bias):
        up = self.ups[level]
        return F.conv_transpose2d(x, up.weight[first : first + x.shape[1]], up.bias if bias else None, 2, 1)

    def prepare(self, h, skips):
        h = self.part(0, h.view(len(h), -1, 4, 4), 0, True)
        return h, [self.part(i + 1, skip, skip.shape[1], True) for i, skip in enumerate(reversed(skips))]

    def finish(self, prepared, z):
        h, skips = prepared
        x = h + self.part(0, z[:, :, None, None].expand(-1, -1, 4, 4), self.channels, False)
        for level, (norm, skip) in enumerate(zip(self.up_norms, skips)):
            copies = len(x) // len(skip)
            x = self.part(level + 1, F.relu(norm(x)), 0, False) + skip.repeat(copies, 1, 1, 1)
        return self.out(x)

    def decode(self, h, skips, z):
        x = torch.cat([h.view(len(h), -1, 4, 4), z[:, :, None, None].expand(-1, -1, 4, 4)], 1)
        for up, norm, skip in zip(self.ups, self.up_norms, reversed(skips)):
            x = F.relu(norm(up(x)))
            x = torch.cat([x, skip.repeat(len(x) // len(skip), 1, 1, 1)], 1)
        return self.out(self.ups[-1](x))

    def out(self, x):
        x = x.flatten(1)
        return x if self.head is None else self.head(F.leaky_relu(x, 0.2))


def unit(z):
    return z / (z.square().sum(1, keepdim=True) + 1e-16).sqrt()


class Walker(nn.Module):
    def __init__(self, net, features):
        super().__init__()
        self.features, self.latent = features, net["latent"]
        widths = [features + self.latent, *net["walker"], self.latent + 1]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))

    def prepare(self, h):
        return F.linear(h, self.layers[0].weight[:, : self.features], self.layers[0].bias)

    def finish(self, prepared, z):
        return self.rest(prepared + F.linear(z, self.layers[0].weight[:, self.features :]))

    def forward(self, h, z):
        return self.rest(self.layers[0](torch.cat([h, z], 1)))

    def rest(self, x):
        for layer in self.layers[1:]:
            x = layer(F.leaky_relu(x, 0.2))
        return unit(x[:, : self.latent]), F.softplus(x[:, self.latent :])


class Step:
    """Algorithm 1 on one fixed batch."""

    def __init__(self, config, side, batch, plain, device, bf16, compiled):
        torch.manual_seed(0)
        net, self.algorithm, train = config["network"], config["algorithm"], config["train"]
        self.plain, self.clip = plain, train.get("clip", 0.0)
        self.cast = torch.autocast(device, torch.bfloat16, enabled=bf16)
        cells = side * side
        self.generator = (Dense(net, cells) if net["kind"] == "dense" else Conv(net, side)).to(device)
        self.walker = Walker(net, self.generator.features).to(device)
        fused = {"fused": True}
        self.generator_optimizer = torch.optim.AdamW(self.generator.parameters(), train["learning_rate"], weight_decay=0.0, **fused)
        self.walker_optimizer = torch.optim.AdamW(self.walker.parameters(), train["walker_rate"], weight_decay=0.0, **fused)
        self.target = 0.3 * torch.randn(batch, cells, device=device)
        self.weight = (torch.rand(batch, cells, device=device) < 1 / 3).float()
        self.input = torch.cat([self.target * (1 - self.weight), self.weight], 1)
        self.latent = unit(torch.randn(batch, net["latent"], device=device))
        self.noise_h = 1e-3 * torch.randn(batch, self.generator.features, device=device)
        self.noise_z = 1e-3 * torch.randn(batch, net["latent"], device=device)
        if compiled:
            for name in ("encode", "prepare", "finish", "decode"):
                setattr(self.generator, name, torch.compile(getattr(self.generator, name)))
            for name in ("prepare", "finish", "forward"):
                setattr(self.walker, name, torch.compile(getattr(self.walker, name)))

    def errors(self, output, target):
        return ((output.float() - target).abs() * self.weight).sum(1) / (self.weight.sum(1) + 1e-8)

    def generate(self, h, skips, z):
        if self.plain:
            return self.generator.decode(h, skips, z)
        return self.generator.finish(self.generator.prepare(h, skips), z)

    def search(self, h, skips):
        z, moves, base = self.latent, [], None
        if not self.plain:
            with torch.no_grad():
                base = self.generator.prepare(h, skips)
        for _ in range(self.algorithm["steps"]):
            z = z.detach().requires_grad_()
            output = self.generator.decode(h, skips, z) if self.plain else self.generator.finish(base, z)
            (gradient,) = torch.autograd.grad(self.errors(output, self.target).sum(), z)
            to = unit(z - self.algorithm["beta"] * gradient).detach()
            moves.append((z.detach(), to, (to - z).norm(dim=1, keepdim=True).detach()))
            z = to
        return z, moves

    def fit_walker(self, h, moves):
        share = -(-len(moves) // max(1, self.algorithm["walker_updates"]))
        both_h = torch.cat([h, h + self.noise_h])
        for first in range(0, len(moves), share):
            chunk = moves[first : first + share]
            start, to, rho = (torch.cat(part) for part in zip(*chunk))
            both_z = torch.cat([start, start + self.noise_z.repeat(len(chunk), 1)])
            if self.plain:
                repeated = torch.cat([part.repeat(len(chunk), 1) for part in both_h.chunk(2)])
                next_z, length = self.walker(repeated, both_z)
            else:
                base = self.walker.prepare(both_h)
                base = torch.cat([part.repeat(len(chunk), 1) for part in base.chunk(2)])
                next_z, length = self.walker.finish(base, both_z)
            (z, z_near), (r, r_near) = next_z.chunk(2), length.chunk(2)
            distance = lambda a, b, c, d: (a - c).abs().sum(1).mean() + (b - d).abs().mean()
            loss = distance(z, r, to, rho) + 0.1 * distance(z_near, r_near, z, r)
            self.walker_optimizer.zero_grad()
            loss.backward()
            self.walker_optimizer.step()

    def __call__(self):
        with self.cast:
            return self.run()

    def run(self):
        h, skips = self.generator.encode(self.input)
        known_h, known_skips = h.detach(), [skip.detach() for skip in skips]
        for parameter in self.generator.parameters():
            parameter.requires_grad_(False)
        z, moves = self.search(known_h, known_skips)
        for parameter in self.generator.parameters():
            parameter.requires_grad_(True)
        self.fit_walker(known_h, moves)
        output = self.generate(torch.cat([h, h + self.noise_h]), skips, torch.cat([z, z + self.noise_z]))
        output, near = output.chunk(2)
        error = self.errors(output, self.target).mean()
        loss = error + 0.1 * self.errors(near, output).mean()
        self.generator_optimizer.zero_grad()
        loss.backward()
        if self.clip:
            torch.nn.utils.clip_grad_norm_(self.generator.parameters(), self.clip)
        self.generator_optimizer.step()
        return error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset")
    for name, kind in [("side", int), ("batch", int), ("steps", int), ("warm", int)]:
        parser.add_argument(name, type=kind)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--block", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    for flag in ("--plain", "--bf16", "--compile"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    presets = pathlib.Path(__file__).parents[2] / "model/src/presets"
    config = tomllib.loads((presets / f"{options.preset}.toml").read_text())
    step = Step(config, options.side, options.batch, options.plain, options.device, options.bf16, options.compile)
    error = torch.zeros(())
    for _ in range(options.warm):
        error = step()
    error.item()
    print("preset,map,batch,step,wall_s,cpu_s,rss_mb,error")
    for index in range(0, options.steps, options.block):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(options.block):
            error = step()
        last = error.item()
        wall, cpu = ((now - then) / options.block for now, then in ((time.perf_counter(), wall), (time.process_time(), cpu)))
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"{options.preset},{options.side},{options.batch},{index},{wall:.6f},{cpu:.3f},{rss:.0f},{last:.6f}", flush=True)


if __name__ == "__main__":
    main()
