"""Makes the programs of `torch_programs/`: modules exported by torch, and their float64 values.

    python tests/ir/make_torch_programs.py

needs torch (made with 2.14). What only tells where a program was made (stack traces), and the
sample inputs, which are a pickle, are left out of the archives. Scalars are dyadic, so that float32
and float64 mean the same program.
"""

import io
import json
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as f

FOLDER = Path(__file__).parent / "torch_programs"


class Images(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(2, 4, 3, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)
        self.norm = nn.BatchNorm2d(4, eps=0.0078125)
        self.two = nn.Conv2d(4, 3, (1, 2), bias=False)
        self.last = nn.Linear(15, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.one(x)))
        x = f.max_pool2d(x, 3, stride=(1, 2), padding=1, dilation=(1, 1), ceil_mode=True)
        x = f.hardswish(self.two(x))
        small = f.avg_pool2d(x, (2, 3), padding=(1, 1), count_include_pad=False)[:, :, :2, :3]
        whole = f.adaptive_avg_pool2d(x, 1)
        y = torch.cat([small.flatten(1), whole.flatten(1, -1)], dim=-1)
        return f.log_softmax(self.last(f.dropout(y, 0.5, training=False)), dim=-1)


class Activations(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.PReLU(3, init=0.25)

    def forward(self, x: Tensor) -> Tensor:
        positive = torch.exp(-x.abs()) + 0.5
        parts = [
            *(torch.tanh(x), torch.sigmoid(x), torch.sin(x), torch.cos(x), f.silu(x), f.mish(x)),
            *(f.gelu(x), f.gelu(x, approximate="tanh"), torch.erf(x), f.hardsigmoid(x)),
            *(f.leaky_relu(x, 0.125), f.elu(x, 0.5), f.hardtanh(x, -0.5, 0.75), f.relu6(4 * x)),
            *(x.clamp(min=-0.25), x.clamp(max=0.5), x.clamp(-0.5, 0.25), x**2, x**5),
            *(torch.log(positive), torch.sqrt(positive), torch.reciprocal(positive), -x),
            *(torch.maximum(x, x.sin()), torch.minimum(x, x.cos()), self.slope(x)),
            *(torch.add(x, positive, alpha=0.5), torch.sub(x, positive, alpha=2), x / positive),
            *(x * 0.75 - 1.5, 2 - x, 1 / positive),
        ]
        return torch.cat(parts, 0)


class Shapes(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        a = x.reshape(2, -1, 2).permute(2, 0, 1).transpose(0, -1)
        b = x.view(1, 4, 3).squeeze((0,)).unsqueeze(1).squeeze(1).unsqueeze(-1).squeeze()
        c = b[1:, ::2] @ y[:2, -3:]
        d = torch.bmm(a, a.transpose(1, 2).contiguous())
        e = torch.addmm(y[0, :3], c, y[:, :3])
        g = x.select(0, -1).expand(2, 6).clone()
        return c, d, torch.mm(e, y[:, 1:]), g


class Reductions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm((3, 4), eps=0.0078125)
        nn.init.normal_(self.norm.weight)
        nn.init.normal_(self.norm.bias)

    def forward(self, x: Tensor) -> Tensor:
        plain = f.layer_norm(x, (4,), eps=0.0078125)
        y = self.norm(x)
        return torch.cat(
            [
                plain.mean((0, -1)),
                y.sum((1, 2)),
                y.amax(-1).flatten(),
                plain.amin((0, 1)),
                torch.logsumexp(x, 1).flatten(),
                f.softmax(x, 1).flatten(),
                x.mean().reshape(1),
                x.sum().reshape(1),
                x.mean(-1, keepdim=True).flatten(),
            ]
        )


class Signals(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2)
        self.norm = nn.BatchNorm1d(4, affine=False, eps=0.0078125)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        wide = f.max_pool1d(x, 2, stride=1) + f.avg_pool1d(x, 2, stride=1)
        return f.adaptive_avg_pool1d(wide, 1) + wide


PROGRAMS = {
    "images": (Images, [(1, 2, 9, 8)]),
    "activations": (Activations, [(2, 3)]),
    "shapes": (Shapes, [(2, 6), (3, 4)]),
    "reductions": (Reductions, [(2, 3, 4)]),
    "signals": (Signals, [(1, 2, 12)]),
}


def stripped(data: bytes) -> bytes:
    """The archive without what tells where it was made."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w") as new:
        for entry in old.infolist():
            path = entry.filename.partition("/")[2]
            if path.startswith(("data/sample_inputs", ".data")):
                continue
            content = old.read(entry)
            if path == "models/model.json":
                program = json.loads(content)
                program.pop("guards_code", None)
                module = program["graph_module"]
                module["module_call_graph"], module["metadata"] = [], {}
                for node in module["graph"]["nodes"]:
                    node["metadata"] = {}
                content = json.dumps(program).encode()
            stated = zipfile.ZipInfo(f"program/{path}", (2026, 1, 1, 0, 0, 0))
            new.writestr(stated, content, zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def main() -> None:
    torch.manual_seed(7)
    for name, (make, shapes) in PROGRAMS.items():
        module = make().eval()
        for buffer, value in module.named_buffers():
            if "running" in buffer:
                value.copy_(torch.rand_like(value) + 0.5)
        inputs = [torch.randn(shape) for shape in shapes]
        program = torch.export.export(module, tuple(inputs))
        file = io.BytesIO()
        torch.export.save(program, file)
        (FOLDER / f"{name}.pt2").write_bytes(stripped(file.getvalue()))
        found = module.double()(*(x.double() for x in inputs))
        outputs = found if isinstance(found, tuple) else (found,)
        stated = {
            "inputs": [[float(v) for v in x.flatten()] for x in inputs],
            "outputs": [[float(v) for v in y.flatten()] for y in outputs],
        }
        (FOLDER / f"{name}.json").write_text(json.dumps(stated), encoding="ascii")


if __name__ == "__main__":
    main()
