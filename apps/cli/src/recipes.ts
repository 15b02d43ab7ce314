import type { Recipe } from "./Recipe.ts"

const list: ReadonlyArray<Recipe> = [
  {
    name: "mnist-mlp",
    summary: "classify handwritten digits: 784-512-512-10, ReLU, Adam",
    data: "MNIST, 60,000 digits to train on and 10,000 to test",
    expected: "test accuracy 98.0 % or more",
    pass: { name: "epoch", reportEvery: 1 },
    load: () => import("./recipes/mnistMlp.ts").then(({ mnistMlp }) => mnistMlp)
  },
  {
    name: "notes-mlp",
    summary: "the lecture notes' network from scratch: 784-10-10, full-batch gradient descent",
    data: "MNIST, 60,000 digits to train on and 10,000 to test",
    expected: "training accuracy of about 77 %, as in the notes; 63 to 78 % with other seeds",
    pass: { name: "iteration", reportEvery: 10 },
    load: () => import("./recipes/notesMlp.ts").then(({ notesMlp }) => notesMlp)
  }
]

/** The recipes by name. */
export const recipes: Readonly<Record<string, Recipe>> = Object.fromEntries(list.map((recipe) => [recipe.name, recipe]))
