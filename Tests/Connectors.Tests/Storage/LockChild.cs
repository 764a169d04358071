using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Connectors.Tests.Storage;

/// <summary>A process that takes a lock, reports it, and keeps it until it is killed.</summary>
internal static class LockChild
{
    public const string Command = "lock-child";

    /// <param name="args">The folder.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            using var taken = InstanceLock.TakeFolder("StateFolder", args[0]);
            Console.WriteLine(taken.IsHeld ? "taken" : "not possible");
            await Task.Delay(Timeout.Infinite);
            return 0;
        }
        catch (StorageInUseException refused)
        {
            Console.WriteLine(refused.Message);
            return 1;
        }
    }
}
