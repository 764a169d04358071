using System.Runtime.CompilerServices;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>The test host keeps threads of the pool blocked while it waits for its runner. On two cores none would be
/// left, and each timer under test would wait up to a second for a new one; the service has no such guest.</summary>
internal static class TestHostThreads
{
#pragma warning disable CA2255 // Before the first test is early enough, and only a module initializer is that.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Add() => ThreadPool.SetMinThreads(16, 16);
}
