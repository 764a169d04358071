/// <summary>The name that .NET looks for in an assembly named by <c>DOTNET_STARTUP_HOOKS</c>.</summary>
internal static class StartupHook
{
    public static void Initialize() => MobileVlm.Edge.EndToEnd.Tests.Support.ActorFaults.Join();
}
