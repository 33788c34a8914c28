"""The public names of Flux that the library covers, by kind."""

LAYERS = """
Chain Dense Bilinear Scale Embedding EmbeddingBag Maxout SkipConnection Parallel PairwiseFusion Conv
ConvTranspose CrossCor DepthwiseConv MaxPool MeanPool AdaptiveMaxPool AdaptiveMeanPool GlobalMaxPool
GlobalMeanPool RNN LSTM GRU GRUv3 RNNCell LSTMCell GRUCell GRUv3Cell Recurrence BatchNorm LayerNorm
InstanceNorm GroupNorm WeightNorm Dropout AlphaDropout MultiHeadAttention Upsample PixelShuffle
""".split()

ACTIVATIONS = """
σ hardσ hardtanh relu leakyrelu relu6 rrelu elu gelu_tanh gelu_sigmoid gelu_erf swish hardswish selu celu
softplus softsign logσ logcosh mish tanhshrink softshrink trelu lisht tanh_fast sigmoid_fast
""".split()

SOFTMAX_FAMILY = "softmax logsoftmax logsumexp glu".split()

LOSSES = """
mae mse msle huber_loss label_smoothing crossentropy logitcrossentropy binarycrossentropy
logitbinarycrossentropy kldivergence poisson_loss hinge_loss squared_hinge_loss dice_coeff_loss tversky_loss
binary_focal_loss focal_loss siamese_contrastive_loss ctc_loss
""".split()

OPTIMISERS = """
Descent Momentum Nesterov RMSProp Rprop Adam AdamW RAdam NAdam OAdam AdaMax AdaGrad AdaDelta AMSGrad
AdaBelief Lion OptimiserChain WeightDecay SignDecay ClipGrad ClipNorm AccumGrad MixedPrecision
""".split()

TRAINING = "setup update! adjust! train!".split()

DATA = """
onehot onehotbatch onecold DataLoader batch unbatch batchseq batch_sequence splitobs kfolds slidingwindow
chunk stack unstack rpad_constant
""".split()

SURGERY = """
freeze! thaw! trainables destructure fmap KeyPath state loadmodel! outputsize testmode! trainmode! f16 bf16
f32 f64 glorot_uniform glorot_normal kaiming_uniform kaiming_normal truncated_normal orthogonal sparse_init
identity_init zeros32 ones32 rand32 randn32 gpu cpu flatten normalise activations modules SamePad
""".split()

DERIVATIVES = "gradient withgradient pullback jacobian hessian".split()

ALIASES = {
    "sigmoid": "σ", "hardsigmoid": "hardσ", "logsigmoid": "logσ", "gelu": "gelu_tanh",
    "thresholdrelu": "trelu",
}
