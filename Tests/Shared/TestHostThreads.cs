using System.Runtime.CompilerServices;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>Raises the minimum number of pool threads. The test host blocks pool threads while it waits for its runner; with two cores
/// none would be left, and each timer under test would wait up to a second for a new one. The service does not have this
/// problem.</summary>
internal static class TestHostThreads
{
#pragma warning disable CA2255 // It must run before the first test, which only a module initializer does.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Add() => ThreadPool.SetMinThreads(16, 16);
}
