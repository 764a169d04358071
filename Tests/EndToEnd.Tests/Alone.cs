namespace MobileVlm.Edge.EndToEnd.Tests;

/// <summary>Tests that keep real time: they run one after the other when nothing else does, so that what they see of
/// ages and pace is the pipeline's doing and not their neighbours'.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone : ICollectionFixture<Alone>
{
    public const string Name = "Alone";

    /// <summary>The test host keeps threads of the pool blocked while it waits for its runner. On two cores none would be
    /// left, and each timer of the pipeline would wait up to a second for a new one; the service has no such guest.</summary>
    public Alone() => ThreadPool.SetMinThreads(16, 16);
}
