"""The workloads in PyTorch: takes a job as JSON, writes the times of its calls and its check values as JSON.

A job says `workload`, `threads`, `device` ("cpu" or "cuda"), `isCompiled` (torch.compile), and how long to look:
`calls`, `seconds`, `warmUp`. Matrix products come with their sizes in `product`, and
whether it is the product by a vector whose mean is checked.
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F

job = json.loads(sys.argv[1])
torch.set_num_threads(job["threads"])
torch.manual_seed(0)
device = torch.device(job["device"])
if device.type == "cuda":
    # f32 throughout, as everywhere else.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
MASK = 0xFFFFFFFF


def bits(count, seed):
    """Bits that look random, from a position and a seed; 32-bit unsigned arithmetic."""
    x = (torch.arange(count, dtype=torch.int64) + seed * 0x9E3779B9) & MASK
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & MASK
    return x ^ (x >> 16)


def fill(shape, seed, low=-1.0, high=1.0):
    values = low + (high - low) * bits(math.prod(shape), seed).double() / 2**32
    return values.float().reshape(shape).to(device)


def ints(shape, seed, count):
    return (bits(math.prod(shape), seed) % count).reshape(shape).to(device)


def dense(inputs, outputs, seed):
    bound = 1 / math.sqrt(inputs)
    return parameter(fill([inputs, outputs], seed, -bound, bound))


def kernel(shape, seed):
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    return parameter(fill(shape, seed, -bound, bound))


def parameter(values):
    return values.detach().clone().requires_grad_()


def zeros(*shape):
    return parameter(torch.zeros(shape, device=device))


def ones(*shape):
    return parameter(torch.ones(shape, device=device))


def compiled(function):
    return torch.compile(function) if job["isCompiled"] else function


def wait():
    if device.type == "cuda":
        torch.cuda.synchronize()


def calculation(function, inputs, check):
    run = compiled(function)

    def call():
        with torch.no_grad():
            run(*inputs)
        wait()

    def values():
        with torch.no_grad():
            return [float(each) for each in check(run(*inputs))]

    return call, values


def training(params, loss, optimizer):
    lossOf = compiled(loss)
    losses = []

    def step():
        optimizer.zero_grad()
        value = lossOf(*params)
        value.backward()
        optimizer.step()
        losses.append(value.item())

    return step, lambda: losses[:5]


def meanAbs(*results):
    return [result.double().abs().mean() for result in results]


def product():
    size = job["product"]
    batch, m, n, k = size.get("batch"), size["m"], size["n"], size["k"]
    shaped = lambda rows, columns: [rows, columns] if batch is None else [batch, rows, columns]
    ofA, ofB = size.get("ofA", False), size.get("ofB", False)
    a = fill(shaped(k, m) if ofA else shaped(m, k), 1)
    b = fill(shaped(n, k) if ofB else shaped(k, n), 2)
    probe = fill(shaped(n, 1), 3)
    check = (lambda c: meanAbs(c.double() @ probe.double())) if size["isProbed"] else meanAbs
    return calculation(torch.matmul, [a.mT if ofA else a, b.mT if ofB else b], check)


def chain():
    inputs = [fill([4194304], seed) for seed in (1, 2, 3)]
    return calculation(
        lambda a, b, c: torch.tanh(a * b + c) * torch.sigmoid(a) + torch.exp(-(c * c)), inputs, meanAbs
    )


def softmax():
    x = fill([4096, 1024], 1, -4, 4)
    return calculation(lambda x: torch.softmax(x, -1), [x], lambda y: [y[:, 0].double().sum()])


def layernorm():
    inputs = [fill([4096, 768], 1, -4, 4), fill([768], 2), fill([768], 3)]
    return calculation(lambda x, weight, bias: F.layer_norm(x, [768], weight, bias, 1e-5), inputs, meanAbs)


def total():
    return calculation(torch.sum, [fill([16777216], 1)], lambda y: [y])


def convolution():
    x = parameter(fill([32, 64, 32, 32], 1))
    w = parameter(fill([64, 64, 3, 3], 2, -1 / 24, 1 / 24))
    cotangent = fill([32, 64, 32, 32], 3)
    forward = compiled(lambda x, w: F.conv2d(x, w, padding=1))

    def gradients():
        return torch.autograd.grad(forward(x, w), [x, w], cotangent)

    def call():
        gradients()
        wait()

    return call, lambda: [float(each) for each in meanAbs(*gradients())]


def perceptron(batch):
    def network():
        params = [dense(784, 512, 10), zeros(512), dense(512, 512, 11), zeros(512), dense(512, 10, 12), zeros(10)]
        x, y = fill([batch, 784], 1, 0, 1), ints([batch], 2, 10)

        def loss(w1, b1, w2, b2, w3, b3):
            hidden = torch.relu(torch.addmm(b2, torch.relu(torch.addmm(b1, x, w1)), w2))
            return F.cross_entropy(torch.addmm(b3, hidden, w3), y)

        return training(params, loss, torch.optim.SGD(params, lr=0.01))

    return network


def lenet():
    params = [kernel([6, 3, 5, 5], 10), zeros(6), kernel([16, 6, 5, 5], 11), zeros(16)]
    params += [dense(400, 120, 12), zeros(120), dense(120, 84, 13), zeros(84), dense(84, 10, 14), zeros(10)]
    x, y = fill([64, 3, 32, 32], 1), ints([64], 2, 10)

    def loss(c1, a1, c2, a2, w1, b1, w2, b2, w3, b3):
        h = F.max_pool2d(torch.relu(F.conv2d(x, c1, a1)), 2)
        h = F.max_pool2d(torch.relu(F.conv2d(h, c2, a2)), 2).flatten(1)
        h = torch.relu(torch.addmm(b2, torch.relu(torch.addmm(b1, h, w1)), w2))
        return F.cross_entropy(torch.addmm(b3, h, w3), y)

    return training(params, loss, torch.optim.Adam(params, lr=1e-3))


def lstm():
    cells = torch.nn.LSTM(128, 256, 2, device=device)
    for layer, inputs in enumerate((128, 256)):
        weights = fill([inputs, 1024], 10 + 2 * layer, -1 / 16, 1 / 16), fill([256, 1024], 11 + 2 * layer, -1 / 16, 1 / 16)
        with torch.no_grad():
            for name, value in zip(("ih", "hh"), weights):
                getattr(cells, f"weight_{name}_l{layer}").copy_(value.T)
                getattr(cells, f"bias_{name}_l{layer}").zero_()
        # There is one bias.
        getattr(cells, f"bias_hh_l{layer}").requires_grad_(False)
    head, bias = dense(256, 128, 20), zeros(128)
    x, y = fill([64, 32, 128], 1), ints([2048], 2, 128)

    def loss(head, bias):
        return F.cross_entropy(torch.addmm(bias, cells(x)[0].reshape(2048, 256), head), y)

    trained = [each for each in cells.parameters() if each.requires_grad] + [head, bias]
    return training([head, bias], loss, torch.optim.Adam(trained, lr=1e-3))


def gpt(width=256, heads=4, blocks=4, context=128, texts=16, tokens=256, products=torch.float32):
    params = [parameter(fill([tokens, width], 10, -0.05, 0.05)), parameter(fill([context, width], 11, -0.05, 0.05))]
    for b in range(blocks):
        params += [ones(width), zeros(width), dense(width, 3 * width, 20 + 10 * b), zeros(3 * width)]
        params += [dense(width, width, 21 + 10 * b), zeros(width), ones(width), zeros(width)]
        params += [dense(width, 4 * width, 22 + 10 * b), zeros(4 * width), dense(4 * width, width, 23 + 10 * b), zeros(width)]
    params += [ones(width), zeros(width), dense(width, tokens, 12)]
    x, y = ints([texts, context], 1, tokens), ints([texts * context], 2, tokens)

    def loss(characters, positions, *rest):
        h = characters[x] + positions
        for b in range(blocks):
            g1, s1, wqkv, bqkv, wp, bp, g2, s2, wf, bf, wo, bo = rest[12 * b : 12 * b + 12]
            q, k, v = (
                part.reshape(texts, context, heads, width // heads).transpose(1, 2)
                for part in (F.layer_norm(h, [width], g1, s1) @ wqkv + bqkv).split(width, -1)
            )
            attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + attended.transpose(1, 2).reshape(texts, context, width) @ wp + bp
            h = h + F.gelu(F.layer_norm(h, [width], g2, s2) @ wf + bf, approximate="tanh") @ wo + bo
        gain, shift, head = rest[12 * blocks :]
        return F.cross_entropy((F.layer_norm(h, [width], gain, shift) @ head).reshape(-1, tokens), y)

    def mixed(*params):
        with torch.autocast(device.type, products):
            return loss(*params)

    return training(params, loss if products == torch.float32 else mixed, torch.optim.AdamW(params, lr=3e-4, weight_decay=0.01))


def gpt2():
    return gpt(768, 12, 12, 1024, 16, 50304, torch.bfloat16)


def large(function, *shapes, dtype=torch.float32):
    """Of values between 0 and 1, made on the device; there is nothing to check."""
    return lambda: calculation(function, [torch.rand(shape, device=device).to(dtype) for shape in shapes], lambda y: [])


def square(n, dtype):
    return large(torch.matmul, [n, n], [n, n], dtype=dtype)


def notes():
    params = [dense(784, 10, 3), zeros(10), dense(10, 10, 4), zeros(10)]
    x, y = fill([60000, 784], 1, 0, 1), ints([60000], 2, 10)

    def loss(w1, b1, w2, b2):
        return F.cross_entropy(torch.addmm(b2, torch.relu(torch.addmm(b1, x, w1)), w2), y)

    return training(params, loss, torch.optim.SGD(params, lr=0.1))


workloads = {
    "chain_4M": chain,
    "softmax": softmax,
    "layernorm": layernorm,
    "sum_16M": total,
    "conv_fb": convolution,
    "mlp_64": perceptron(64),
    "mlp_512": perceptron(512),
    "lenet": lenet,
    "lstm": lstm,
    "gpt": gpt,
    "notes_gd": notes,
    "gpt2_124m": gpt2,
    "copy_1GiB": large(torch.clone, [2**28]),
    "chain_1GiB": large(lambda x, y: x * y + x, [2**28], [2**28]),
    "softmax_1GiB": large(lambda x: torch.softmax(x, -1), [2**18, 1024]),
    "gemm_f32_4096": square(4096, torch.float32),
    "gemm_bf16_4096": square(4096, torch.bfloat16),
    "gemm_bf16_8192": square(8192, torch.bfloat16),
    "gemm_f16_8192": square(8192, torch.float16),
}


def once(call):
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


make = product if "product" in job else workloads.get(job["workload"])
if make is None:
    print(json.dumps({"reason": "it is not written in PyTorch"}))
    sys.exit()
call, check = make()
first = once(call)
for _ in range(job["warmUp"]):
    once(call)
rest = []
end = time.perf_counter() + job["seconds"]
while len(rest) < job["calls"] or time.perf_counter() < end:
    rest.append(once(call))
print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads(), "first": first, "rest": rest, "check": check()}))
