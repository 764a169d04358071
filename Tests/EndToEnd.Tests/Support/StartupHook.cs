/// <summary>The class that .NET calls in an assembly named by <c>DOTNET_STARTUP_HOOKS</c>; its name is fixed.</summary>
internal static class StartupHook
{
    public static void Initialize() => MobileVlm.Edge.EndToEnd.Tests.Support.ActorFaults.Install();
}
