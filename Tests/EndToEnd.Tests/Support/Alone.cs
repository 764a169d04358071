namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>The collection of tests that depend on real time: they run one after the other and with no other test, so that the
/// measured ages and rates are caused by the pipeline and not by other tests.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
