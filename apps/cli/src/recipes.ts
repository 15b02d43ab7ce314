import type { Recipe, Task } from "./Recipe.ts"

/** The task of a module. */
const from = (load: () => Promise<{ readonly task: Task }>) => (): Promise<Task> => load().then(({ task }) => task)

const clothes = "Fashion-MNIST, 60,000 pictures of clothes to train on and 10,000 to test, fetched on first use"
const digits = "MNIST, 60,000 digits to train on and 10,000 to test"

const list: ReadonlyArray<Recipe> = [
  {
    name: "mnist-mlp",
    summary: "classify handwritten digits: 784-512-512-10, ReLU, Adam",
    section: "1.2 Architecture",
    data: digits,
    expected: [{ result: "test accuracy", form: "percent", least: 0.98 }],
    seconds: 10,
    load: from(() => import("./recipes/mnistMlp.ts"))
  },
  {
    name: "notes-mlp",
    summary: "the lecture notes' network from scratch: 784-10-10, full-batch gradient descent",
    section: "1.4 Neural Net from Scratch",
    data: digits,
    // The figure of the notes is about 77 %. Other seeds come to 63 to 78 %.
    expected: [{ result: "training accuracy", form: "percent", least: 0.75, most: 0.79 }],
    seconds: 25,
    load: from(() => import("./recipes/notesMlp.ts"))
  },
  {
    name: "fashion-mlp",
    summary: "the program of the quick start, 784-512-512-10 by plain gradient descent, and the same net trained well",
    section: "1.5 Quick Start",
    data: clothes,
    expected: [
      { result: "test accuracy of quick-start", form: "percent", least: 0.6 },
      { result: "test accuracy of well-trained", form: "percent", least: 0.88 }
    ],
    seconds: 45,
    load: from(() => import("./recipes/fashionMlp.ts"))
  },
  {
    name: "optimizers",
    summary: "the ways of twelve optimizers and two quasi-Newton methods down a curved valley",
    section: "2.2 Optimizers",
    data: "Rosenbrock's function of two variables",
    expected: [{ result: "optimizers that arrive", form: "count", least: 14 }],
    seconds: 5,
    load: from(() => import("./recipes/optimizers.ts"))
  },
  {
    name: "mnist-cnn",
    summary: "classify handwritten digits by convolutions",
    section: "4.6 Total Architecture",
    data: digits,
    expected: [{ result: "test accuracy", form: "percent", least: 0.99 }],
    seconds: 50,
    load: from(() => import("./recipes/mnistCnn.ts"))
  },
  {
    name: "fashion-cnn",
    summary: "classify clothes by convolutions",
    section: "4.6 Total Architecture",
    data: clothes,
    expected: [{ result: "test accuracy", form: "percent", least: 0.91 }],
    seconds: 60,
    load: from(() => import("./recipes/fashionCnn.ts"))
  },
  {
    name: "regularization",
    summary:
      "a net that learns 800 digits by heart, a fifth of them with wrong labels, and what keeps it from doing so",
    section: "3 Regularization",
    data: "MNIST, 1,000 digits to train on and 10,000 to test",
    expected: [{ result: "ways that lower the test error", form: "count", least: 5 }],
    seconds: 50,
    load: from(() => import("./recipes/regularization.ts"))
  },
  {
    name: "depth",
    summary: "thirty layers: plain, residual, highway and dense, with the same budget",
    section: "2.3.2 Residual Connections",
    data: "MNIST, 20,000 digits to train on and 10,000 to test",
    expected: [
      { result: "test accuracy of plain", form: "percent", most: 0.7 },
      { result: "test accuracy of residual", form: "percent", least: 0.92 },
      { result: "test accuracy of highway", form: "percent", least: 0.92 },
      { result: "test accuracy of dense", form: "percent", least: 0.92 }
    ],
    seconds: 25,
    load: from(() => import("./recipes/depth.ts"))
  },
  {
    name: "initialization",
    summary: "ten layers of tanh from zero, small, large, Xavier's, He's and orthogonal weights",
    section: "2.1 Weight Initialization",
    data: "MNIST, 20,000 digits to train on and 10,000 to test",
    expected: [
      { result: "deviation in the last hidden layer, zero", form: "number", most: 0 },
      { result: "deviation in the last hidden layer, small", form: "number", most: 1e-4 },
      { result: "share saturated in the last hidden layer, large", form: "percent", least: 0.5 },
      { result: "deviation in the last hidden layer, xavier", form: "number", least: 0.05, most: 0.9 },
      { result: "test accuracy of zero", form: "percent", most: 0.2 },
      { result: "test accuracy of xavier", form: "percent", least: 0.92 },
      { result: "test accuracy of orthogonal", form: "percent", least: 0.92 }
    ],
    seconds: 30,
    load: from(() => import("./recipes/initialization.ts"))
  },
  {
    name: "transfer",
    summary: "what was learned of the digits 0 to 4 helps with 500 pictures of the digits 5 to 9",
    section: "1.2 Architecture",
    data: "MNIST: 30,596 digits from 0 to 4, 500 from 5 to 9, 4,861 from 5 to 9 to test",
    expected: [
      { result: "gain of transfer", form: "percent", least: 0.005 },
      { result: "test accuracy of fine-tuned", form: "percent", least: 0.955 }
    ],
    seconds: 25,
    load: from(() => import("./recipes/transfer.ts"))
  },
  {
    name: "regressions",
    summary: "linear, logistic and softmax regression by L-BFGS: a line, a disk in a ring, digits",
    section: "1.1 Generalized Linear Models",
    data: "400 points on a line, 400 in a disk and a ring, both drawn; MNIST, 60,000 digits",
    expected: [
      { result: "accuracy on the circle, inputs", form: "percent", most: 0.75 },
      { result: "accuracy on the circle, quadratic", form: "percent", least: 0.99 },
      { result: "test accuracy on digits", form: "percent", least: 0.915 },
      { result: "distance of the line from least squares", form: "number", most: 1e-3 }
    ],
    seconds: 4,
    load: from(() => import("./recipes/regressions.ts"))
  },
  {
    name: "gumbel",
    summary: "location and scale of a Gumbel distribution by maximum likelihood",
    section: "1.1 Generalized Linear Models, example 1.1",
    data: "10,000 draws from a Gumbel distribution",
    expected: [
      { result: "standard errors off, location", form: "number", most: 3 },
      { result: "standard errors off, scale", form: "number", most: 3 },
      { result: "greatest derivative per observation", form: "number", most: 1e-4 }
    ],
    seconds: 2,
    load: from(() => import("./recipes/gumbel.ts"))
  },
  {
    name: "image-kernels",
    summary: "blur, sharpen and find edges by kernels",
    section: "4.1 Kernels",
    data: "Fashion-MNIST, 10,000 pictures of clothes",
    expected: [
      { result: "roughness after the blur", form: "percent", most: 0.8 },
      { result: "roughness after sharpening", form: "percent", least: 1.5 },
      { result: "brightness after the blur", form: "percent", least: 0.98, most: 1.02 }
    ],
    seconds: 4,
    load: from(() => import("./recipes/imageKernels.ts"))
  },
  {
    name: "activations",
    summary: "rectifiers that are dead, sigmoids that are saturated, PReLU and maxout, in nets of three hidden layers",
    section: "2.3.1 Activation Functions",
    data: "MNIST, 10,000 digits to train on and 10,000 to test",
    expected: [
      { result: "units that are dead in the end, relu-sunk", form: "percent", least: 0.5 },
      { result: "units that are dead in the end, leaky-relu-sunk", form: "percent", most: 0 },
      { result: "test accuracy of relu-sunk", form: "percent", most: 0.5 },
      { result: "test accuracy of leaky-relu-sunk", form: "percent", least: 0.85 },
      { result: "slopes near 0 at first, sigmoid-saturated", form: "percent", least: 0.5 },
      { result: "slopes near 0 at first, sigmoid", form: "percent", most: 0.05 },
      { result: "test accuracy of prelu", form: "percent", least: 0.93 },
      { result: "test accuracy of maxout", form: "percent", least: 0.9 }
    ],
    seconds: 12,
    load: from(() => import("./recipes/activations.ts"))
  },
  {
    name: "lottery",
    summary:
      "a tenth of the weights, found by pruning, trains as the whole net does; the same connections redrawn do not",
    section: "3.5 Network Pruning",
    data: "MNIST, 20,000 digits to train on and 10,000 to test",
    expected: [
      { result: "weights left", form: "percent", least: 0.0999, most: 0.1001 },
      { result: "ticket above redrawn", form: "percent", least: 0.01 },
      { result: "ticket above the whole", form: "percent", least: -0.003 }
    ],
    seconds: 15,
    load: from(() => import("./recipes/lottery.ts"))
  },
  {
    name: "checklist",
    summary: "the checklist of a training, for nets from good, too large and no weights",
    section: "3.6 Summary",
    data: "MNIST, 60,000 digits",
    expected: [
      { result: "first loss as expected, he", form: "count", least: 1 },
      { result: "learned by heart, he", form: "count", least: 1 },
      { result: "healthy findings, he", form: "count", least: 6 },
      { result: "first loss as expected, large", form: "count", most: 0 },
      { result: "learned by heart, zero", form: "count", most: 0 }
    ],
    seconds: 5,
    load: from(() => import("./recipes/checklist.ts"))
  }
]

/** The recipes by name. */
export const recipes: Readonly<Record<string, Recipe>> = Object.fromEntries(list.map((recipe) => [recipe.name, recipe]))
