"""Every public name of Flux that the library offers is there, and documented."""

import pytest
import weber

NAMES = """
Chain Dense Bilinear Scale Embedding EmbeddingBag Maxout SkipConnection Parallel PairwiseFusion Conv
ConvTranspose CrossCor DepthwiseConv MaxPool MeanPool AdaptiveMaxPool AdaptiveMeanPool GlobalMaxPool
GlobalMeanPool RNN LSTM GRU GRUv3 RNNCell LSTMCell GRUCell GRUv3Cell Recurrence BatchNorm LayerNorm
InstanceNorm GroupNorm WeightNorm Dropout AlphaDropout MultiHeadAttention Upsample PixelShuffle SamePad

σ hardσ hardtanh relu leakyrelu relu6 rrelu elu gelu_tanh gelu_sigmoid gelu_erf swish hardswish selu celu
softplus softsign logσ logcosh mish tanhshrink softshrink trelu lisht tanh_fast sigmoid_fast gelu softmax
logsoftmax logsumexp glu

mae mse msle huber_loss label_smoothing crossentropy logitcrossentropy binarycrossentropy
logitbinarycrossentropy kldivergence poisson_loss hinge_loss squared_hinge_loss dice_coeff_loss tversky_loss
binary_focal_loss focal_loss siamese_contrastive_loss ctc_loss

Descent Momentum Nesterov RMSProp Rprop Adam AdamW RAdam NAdam OAdam AdaMax AdaGrad AdaDelta AMSGrad
AdaBelief Lion OptimiserChain WeightDecay SignDecay ClipGrad ClipNorm AccumGrad MixedPrecision setup update!
adjust! train!

gradient withgradient pullback jacobian hessian

onehot onehotbatch onecold DataLoader batch unbatch batchseq batch_sequence splitobs kfolds slidingwindow
chunk stack unstack rpad_constant

freeze! thaw! trainables destructure fmap KeyPath state loadmodel! outputsize testmode! trainmode! f16 bf16
f32 f64 glorot_uniform glorot_normal kaiming_uniform kaiming_normal truncated_normal orthogonal sparse_init
identity_init zeros32 ones32 rand32 randn32 gpu cpu flatten normalise activations modules
""".split()


@pytest.fixture(scope="module")
def flux():
    session = weber.Session()
    session.evaluate("using Flux")
    return session


@pytest.mark.parametrize("name", NAMES)
def test_exists_and_is_documented(flux, name):
    value = flux.evaluate(f"Flux.{name}")
    family = getattr(getattr(value, "body", value), "family", None)
    documented = value if hasattr(value, "documentation") else family
    while documented is None:
        value = value.body
        documented = getattr(value, "family", None)
    assert documented.documentation
