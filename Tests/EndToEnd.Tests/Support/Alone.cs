namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Tests that keep real time: they run one after the other when nothing else does, so that what they see of
/// ages and pace is the pipeline's doing and not their neighbours'.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
