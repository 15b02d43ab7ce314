/**
 * The models of the library.
 */
import { tensor } from "@cotangent/gradcheck/generators"
import * as Models from "@cotangent/models"
import type { Perceptron } from "@cotangent/models"
import { Features, Filter, Glm, Gumbel, Worked } from "@cotangent/models"
import { Activation, Initializer } from "@cotangent/nn"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Group } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats } from "./inputs.ts"
import { of, unary } from "./inputs.ts"
import { model, normal } from "./model.ts"

const deep = { inputs: 2, outputs: 2, width: 3, depth: 2, activation: Activation.tanh } as const

const complete = group<typeof Models>()(
  "model",
  {
    "is a module, checked export by export": ["Features", "Filter", "Glm", "Gumbel", "Perceptron", "Worked"],
    names: ["torchvisionName"]
  },
  {
    mlp: {
      relu: model(Models.mlp({ sizes: [3, 4, 2], biasInitializer: Initializer.normal(1) }), normal(2, 3)),
      tanh: model(Models.mlp({ sizes: [2, 3, 2, 1], activation: Activation.tanh }), normal(2, 2))
    },
    notesMlp: model(Models.notesMlp, normal(1, 784)),
    convnet: model(Models.convnet({ channels: 1, size: 4, classes: 2, hidden: 3 }), normal(1, 1, 4, 4)),
    lenet: model(Models.lenet({ channels: 1, size: 16, classes: 2 }), normal(1, 1, 16, 16)),
    resnet: model(Models.resnet({ channels: 1, classes: 2, blocks: [1, 1], widths: [2, 3] }), normal(2, 1, 5, 5)),
    densenet: model(Models.densenet({ channels: 1, classes: 2, blocks: [1, 1], growth: 2 }), normal(2, 1, 4, 4)),
    deepNet: model(
      Models.deepNet(deep, () => Models.mlp({ sizes: [3, 3], biasInitializer: Initializer.normal(1) }) as never),
      normal(2, 2)
    ),
    plainNet: model(Models.plainNet(deep), normal(2, 2)),
    residualNet: model(Models.residualNet(deep), normal(2, 2)),
    highwayNet: model(Models.highwayNet(deep), normal(2, 2)),
    denselyConnectedNet: model(Models.denselyConnectedNet({ ...deep, growth: 2 }), normal(2, 2))
  }
)

const features = group<typeof Features>()(
  "features",
  {},
  {
    polynomial: unary(Features.polynomial(3), {}, [2, 2]),
    radius: unary(Features.radius, {}, [2, 3]),
    radial: unary(
      Features.radial({
        centers: Tensor.of([
          [0, 1],
          [1, -1]
        ]),
        width: 1.5
      }),
      {},
      [2, 2]
    )
  }
)

const filters = group<typeof Filter>()(
  "filter",
  { "is a kernel": ["mean", "gaussian", "gaussian5", "sharpen", "sobelX", "sobelY"] },
  {
    filter2d: of((x) => Filter.filter2d(x, Filter.gaussian({ size: 3, deviation: 1 })), [3, 3]),
    edges: check((x: Floats) => Filter.edges(x), fc.tuple(tensor([3, 4], { isDistinct: true })))
  }
)

/** A regression as a function of its parameters and inputs. */
const regression = <Y>(glm: Glm.Glm<Y>) => model(glm.model, normal(2, 2))

const options = { inputs: 2, features: Features.polynomial(2) } as const

const linears = group<typeof Glm>()(
  "regression",
  {
    "is a family, whose parts are losses and activations": ["gaussian", "bernoulli", "categorical", "poisson"],
    "ends where the gradient vanishes, after as many steps as it takes": ["fit"]
  },
  {
    make: regression(Glm.make(Glm.gaussian, options)),
    linearRegression: regression(Glm.linearRegression(options)),
    logisticRegression: regression(Glm.logisticRegression(options)),
    softmaxRegression: regression(Glm.softmaxRegression({ ...options, outputs: 3 })),
    poissonRegression: regression(Glm.poissonRegression(options)),
    loss: of(
      (input, weight, bias) =>
        Glm.loss(
          Glm.poissonRegression({ inputs: 2 }),
          { input, observed: Tensor.full([3, 1], 2, input.dtype) },
          0.1
        )({
          weight,
          bias
        } as never),
      [3, 2],
      [2, 1],
      [1]
    )
  }
)

/** A function of the parameters of a Gumbel distribution and of observations. */
const observing = (f: (self: Gumbel.Gumbel, observed: Floats) => unknown) =>
  check(
    (location: Gumbel.Gumbel["location"], scale: Gumbel.Gumbel["scale"], observed: Floats) =>
      f({ location, scale }, observed),
    fc.tuple(tensor([]), tensor([], { min: 0.5, max: 2 }), tensor([4], { min: -1, max: 1 }))
  )

const gumbel = group<typeof Gumbel>()(
  "gumbel",
  { draws: ["sample"], "ends where the gradient vanishes, after as many steps as it takes": ["fit"] },
  {
    distribution: observing(Gumbel.distribution),
    logDensity: observing(Gumbel.logDensity),
    negativeLogLikelihood: observing(Gumbel.negativeLogLikelihood),
    derivatives: observing(Gumbel.derivatives),
    locationFor: observing(({ scale }, observed) => Gumbel.locationFor(scale, observed)),
    byMoments: unary(Gumbel.byMoments, { isDistinct: true }, [4])
  }
)

const perceptron = group<typeof Perceptron>()(
  "perceptron",
  { "steps between two values, and learns without a gradient": ["perceptron", "epoch"] },
  {}
)

const worked = group<typeof Worked>()(
  "worked",
  { "are numbers": ["twoLayersNumbers", "filtering"] },
  { twoUnits: model(Worked.twoUnits, normal(2, 3)), twoLayers: model(Worked.twoLayers, normal(2, 2)) }
)

/** Every model. */
export const models: ReadonlyArray<Group> = [complete, features, filters, linears, gumbel, perceptron, worked]
