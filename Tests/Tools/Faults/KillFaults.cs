using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>Kills the service repeatedly, at random moments.</summary>
internal static class KillFaults
{
    /// <summary>The longest delay before a kill: about the time of a start with the demo's model; a third of the kills occur during
    /// the start.</summary>
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);

    /// <summary>Runs the scenario.</summary>
    /// <param name="kills">The number of kills.</param>
    /// <param name="seed">The seed of the random moments.</param>
    public static async Task<FaultResult> RunAsync(int kills, int seed)
    {
        var random = new Random(seed);
        await using var rig = await FaultRig.StartAsync();
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(5);
        await rig.KillBrokerAsync();
        var early = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            if (kill > 0)
            {
                // During its start (opening the model, reading the outbox), before its first event, or between its events.
                rig.StartService();
                switch (random.Next(3))
                {
                    case 0:
                        early++;
                        break;
                    case 1:
                        await rig.Service.LogsAsync("Node edge-1 watches");
                        break;
                    default:
                        await rig.ProducesAsync(1);
                        break;
                }
            }

            await Task.Delay(random.NextDouble() * MaxDelay);
            await rig.KillServiceAsync();
        }

        await rig.StartServiceAsync();
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(5);
        return new FaultResult(
            await rig.CountAsync(), string.Create(CultureInfo.InvariantCulture, $"{early} of the kills during the start; seed {seed}"));
    }
}
