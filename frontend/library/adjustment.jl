# Changing rules during training.

"""
    adjust!(tree, η)
    adjust!(tree; eta, beta, …)

Changes the step length, or the named numbers, of all rules in a tree. Their state is kept; names that a rule
does not have are ignored.
"""
adjust!(tree, eta::Real) = visit_leaves!(leaf -> leaf.rule = adjust(leaf.rule, eta), tree)
adjust!(tree; changes...) = visit_leaves!(leaf -> leaf.rule = adjust(leaf.rule; changes...), tree)

"""
    adjust(rule, η)
    adjust(rule; eta, beta, …)

A rule with another step length, or with the named numbers changed. Of a tree, a changed copy.
"""
adjust(rule::AbstractRule, eta::Real) = adjust(rule; eta)
function adjust(rule::AbstractRule; changes...)
    names = fieldnames(typeof(rule))
    fields = map(name -> haskey(changes, name) ? changes[name] : getfield(rule, name), names)
    return Primitives.rebuild(rule, fields...)
end
adjust(chain::OptimiserChain; changes...) = OptimiserChain(map(rule -> adjust(rule; changes...), chain.opts))
adjust(mixed::MixedPrecision{T}; changes...) where T = MixedPrecision(T, adjust(mixed.rule; changes...))
adjust(tree, eta::Real) = adjust!(deepcopy(tree), eta)
adjust(tree; changes...) = adjust!(deepcopy(tree); changes...)

"""
    freeze!(tree)

Makes `update!` leave these parameters, and their state, as they are, until [`thaw!`](@ref).
"""
freeze!(tree) = visit_leaves!(leaf -> leaf.frozen = true, tree)

"""
    thaw!(tree)

Undoes [`freeze!`](@ref).
"""
thaw!(tree) = visit_leaves!(leaf -> leaf.frozen = false, tree)

visit_leaves!(f, leaf::Leaf) = (f(leaf); leaf)
function visit_leaves!(f, tree)
    foreach(branch -> visit_leaves!(f, branch), values(tree))
    return tree
end
