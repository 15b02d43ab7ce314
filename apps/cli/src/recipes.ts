import type { Recipe, Task } from "./Recipe.ts"

/** The task of a module. */
const from = (load: () => Promise<{ readonly task: Task }>) => (): Promise<Task> => load().then(({ task }) => task)

const digits = "MNIST, 60,000 digits to train on and 10,000 to test"

const list: ReadonlyArray<Recipe> = [
  {
    name: "mnist-mlp",
    summary: "classify handwritten digits: 784-512-512-10, ReLU, Adam",
    section: "1.2 Architecture",
    data: digits,
    expected: [{ result: "test accuracy", form: "percent", least: 0.98 }],
    seconds: 8,
    load: from(() => import("./recipes/mnistMlp.ts"))
  },
  {
    name: "notes-mlp",
    summary: "the lecture notes' network from scratch: 784-10-10, full-batch gradient descent",
    section: "1.4 Neural Net from Scratch",
    data: digits,
    // The figure of the notes is about 77 %. Other seeds come to 63 to 78 %.
    expected: [{ result: "training accuracy", form: "percent", least: 0.75, most: 0.79 }],
    seconds: 15,
    load: from(() => import("./recipes/notesMlp.ts"))
  }
]

/** The recipes by name. */
export const recipes: Readonly<Record<string, Recipe>> = Object.fromEntries(list.map((recipe) => [recipe.name, recipe]))
